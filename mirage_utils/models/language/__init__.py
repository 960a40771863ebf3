"""Language models small enough to train here: one family whose leap is the metric's, one whose leap is its own.

`transformer` is the model, `tasks`, `parity` and `clock` are what is learnt, `models` trains and asks, and `outputs`
scores what was answered. `ladder` learns many tasks at once, which are in `mixture`; `ladder_scores` is what `outputs` is to
the others.
"""
