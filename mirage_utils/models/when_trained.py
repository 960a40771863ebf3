"""JAX and Optax, imported by the first line that computes with them.

What a family is, what was trained and every bundled result can be had without them: only training needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ground.optional import on_use

if TYPE_CHECKING:
    import jax
    import jax.numpy as jnp
    import optax
else:
    jax, jnp, optax = (
        on_use(name, "training a model", "train") for name in ("jax", "jax.numpy", "optax")
    )

__all__ = ["jax", "jnp", "optax"]
