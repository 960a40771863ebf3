"""A decoder-only transformer in one page: what every larger one is made of, and nothing else.

Symbols and places become vectors; each block lets every place look at the places before it (attention) and then
thinks about what it saw (two dense layers); what comes out is compared with every symbol.

The parameters are a dict of arrays and the model is a function of them, so that `jax.grad` differentiates it and
`jax.vmap` runs many seeds of it at once. Source: Vaswani et al. 2017; normalisation before each layer as in Radford et
al. 2019, by the root mean square as in Zhang and Sennrich 2019.
"""

from __future__ import annotations

from typing import TypedDict

from ..when_trained import jax, jnp

__all__ = ["Params", "heads", "init", "logits"]


class Params(TypedDict):
    """Parameters of a model of some width: arrays by name.

    Attributes
    ----------
    symbol, place : array, shapes (symbols, width) and (places, width)
    blocks : list of dict of str to array
        What each block uses: attention, and its two dense layers.
    norm : array, shape (width,)
    output : array, shape (width, symbols)
    """

    symbol: jax.Array
    place: jax.Array
    blocks: list[dict[str, jax.Array]]
    norm: jax.Array
    output: jax.Array


def heads(width: int) -> int:
    """Attention heads of a model: one below width 8, two below 32, then one for every 16 units."""
    if width < 32:
        return 2 if width >= 8 and width % 2 == 0 else 1
    return width // 16


def init(key: jax.Array, *, width: int, layers: int, symbols: int, places: int) -> Params:
    """Parameters at the start of training.

    Parameters
    ----------
    key : jax.Array
        Random key.
    width : int
        Units of the stream that runs through the blocks; a multiple of `heads`.
    layers : int
        Blocks.
    symbols, places : int
        Size of the alphabet, and the longest sequence.

    Returns
    -------
    dict
        Every matrix is Normal with variance 1 / inputs; what a block adds to the stream is smaller by the root of
        the number of blocks, so that deep models begin like shallow ones.
    """
    keys = iter(jax.random.split(key, 3 + 4 * layers))

    def matrix(rows: int, columns: int, scale: jax.Array | float = 1.0) -> jax.Array:
        return scale * jax.random.normal(next(keys), (rows, columns)) / jnp.sqrt(rows)

    less = 1 / jnp.sqrt(2.0 * layers)
    return {
        "symbol": matrix(width, symbols).T,
        "place": matrix(width, places).T,
        "blocks": [
            {
                "norm1": jnp.ones(width),
                "attend": matrix(width, 3 * width),
                "mix": matrix(width, width, less),
                "norm2": jnp.ones(width),
                "up": matrix(width, 4 * width),
                "down": matrix(4 * width, width, less),
            }
            for _ in range(layers)
        ],
        "norm": jnp.ones(width),
        "output": matrix(width, symbols),
    }


def logits(params: Params, x: jax.Array, last: int | None = None) -> jax.Array:
    """What the model says comes next, at every place.

    Parameters
    ----------
    params : dict
        As made by `init`.
    x : array of int, shape (n, t)
        Sequences of symbols.
    last : int, optional
        Only at so many places, the last ones; all if None.

    Returns
    -------
    array, shape (n, t or last, symbols)
        Unnormalised log-probabilities. Row t has seen the symbols 0 to t and none after them.
    """
    h = params["symbol"][x] + params["place"][: x.shape[1]]
    for block in params["blocks"]:
        h = h + _attention(block, _normed(h, block["norm1"]))
        if last is not None and block is params["blocks"][-1]:
            h = h[:, -last:]  # no block will look at the others again
        h = h + jax.nn.relu(_normed(h, block["norm2"]) @ block["up"]) @ block["down"]
    return _normed(h, params["norm"]) @ params["output"]


def _attention(block: dict[str, jax.Array], h: jax.Array) -> jax.Array:
    """Every place asks those up to itself, and takes a mean of what they hold, weighted by how well they fit."""
    n, t, width = h.shape
    shape = (n, t, heads(width), width // heads(width))
    query, key, value = (part.reshape(shape) for part in jnp.split(h @ block["attend"], 3, axis=-1))
    fit = jnp.einsum("nqhd,nkhd->nhqk", query, key) / jnp.sqrt(shape[-1])
    fit = jnp.where(jnp.tril(jnp.ones((t, t), bool)), fit, -jnp.inf)
    seen = jnp.einsum("nhqk,nkhd->nqhd", jax.nn.softmax(fit), value)
    return seen.reshape(n, t, width) @ block["mix"]


def _normed(h: jax.Array, gain: jax.Array) -> jax.Array:
    """A vector scaled to a mean square of one, times a gain that is learnt."""
    return h * gain * jax.lax.rsqrt((h**2).mean(-1, keepdims=True) + 1e-6)
