"""Models trained by this project, with every output kept: families over size, several seeds each.

`training` is the one trainer, `runs` trains a family and keeps its results, and `vision` holds the
families of chapters 16 to 18. Training needs the extra ``train`` (JAX, optax, scikit-learn);
reading the bundled results with `bundled` does not.
"""

from .results import Bundle, bundled, bundles

__all__ = ["Bundle", "bundled", "bundles"]
