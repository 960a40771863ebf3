"""Vision models that nobody calls emergent: autoencoders, digit classifiers, character sequences.

The second half of Schaeffer et al. 2023 (Section 5, Appendix B) makes such models "emerge" by the
choice of metric. The paper states no hyperparameter, so these families are a redesign.
"""
