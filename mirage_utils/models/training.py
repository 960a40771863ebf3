"""The one trainer: several seeds of one model at once, with checkpoints that resume to the bit.

A model is two functions, one that makes parameters and one that gives the loss of a batch; a third
draws the batch. All seeds of a size run together, as one more array axis (`jax.vmap`), and many
steps run in one compiled loop (`jax.lax.scan`), because small models spend their time on being
launched. Whatever is random in step t of a seed follows from the seed and t alone, so a run that was
interrupted goes on exactly where it was.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ..errors import DataError, require
from ..ground.write import replace
from .when_trained import jax, jnp, optax

__all__ = ["CheckpointError", "Trained", "Training", "count", "digest", "one_seed", "train"]

Params = Any  # a tree of arrays
Batch = Any
Data = Any


# For what runs once: making the program faster would take five times as long as running it.
_QUICKLY = {"xla_backend_optimization_level": 0}


class CheckpointError(DataError):
    """A checkpoint is damaged or belongs to another run."""


@dataclass(frozen=True)
class Training:
    """How a model is trained: Adam, with a rate that warms up and then falls as a cosine.

    Parameters
    ----------
    steps : int
        Updates, a multiple of `every`.
    batch : int
        Examples per update, drawn with replacement.
    rate : float
        Largest learning rate.
    warmup : int
        Steps over which the rate rises to it.
    every : int
        Steps between two checkpoints, which are also the points of the training curve.
    floor : float
        Share of the rate that is left at the end.
    b2 : float
        Decay of Adam's mean of squared gradients.
    clip : float, optional
        Largest norm of a gradient; longer ones are shortened.
    decay : float
        Weight decay apart from the gradient (AdamW).

    Raises
    ------
    FieldError
        Naming the field that is out of range.
    """

    steps: int
    batch: int
    rate: float
    warmup: int = 0
    every: int = 100
    floor: float = 0.0
    b2: float = 0.999
    clip: float | None = None
    decay: float = 0.0

    def __post_init__(self) -> None:
        require(self.every >= 1, "every", self.every, "a whole number >= 1")
        require(
            self.steps >= 1 and self.steps % self.every == 0,
            "steps", self.steps, f"a positive multiple of every = {self.every}",
        )  # fmt: skip
        require(self.batch >= 1, "batch", self.batch, "a whole number >= 1")
        require(self.rate > 0, "rate", self.rate, "a number > 0")
        require(0 <= self.warmup < self.steps, "warmup", self.warmup, "0 to less than steps")
        require(0 <= self.floor <= 1, "floor", self.floor, "a share, 0 to 1")
        require(0 < self.b2 < 1, "b2", self.b2, "a number between 0 and 1")
        require(self.clip is None or self.clip > 0, "clip", self.clip, "a number > 0, or None")
        require(self.decay >= 0, "decay", self.decay, "a number >= 0")

    def optimiser(self) -> optax.GradientTransformation:
        """Adam with this schedule."""
        rate = optax.warmup_cosine_decay_schedule(
            0.0 if self.warmup else self.rate, self.rate, self.warmup, self.steps,
            self.floor * self.rate,
        )  # fmt: skip
        if self.decay:
            adam = optax.adamw(rate, b2=self.b2, weight_decay=self.decay)
        else:
            adam = optax.adam(rate, b2=self.b2)
        if self.clip is None:
            return adam
        return optax.chain(optax.clip_by_global_norm(self.clip), adam)


class Trained(NamedTuple):
    """What training gives.

    Attributes
    ----------
    params : tree of arrays
        The first axis of every array is the seed.
    losses : ndarray of float32, shape (seeds, steps / every)
        Mean training loss of each stretch of `every` steps.
    watched : dict of str to ndarray, shape (seeds, steps / every, ...)
        What `watch` gave at the end of each stretch.
    """

    params: Params
    losses: NDArray[np.float32]
    watched: dict[str, NDArray]


def train(
    init: Callable[[jax.Array], Params],
    loss: Callable[[Params, Batch], jax.Array],
    sample: Callable[[jax.Array, Data], Batch],
    data: Data,
    training: Training,
    seeds: Sequence[int],
    *,
    watch: Callable[[Params, Data], Mapping[str, jax.Array]] | None = None,
    checkpoint: Path | None = None,
    about: Any = None,
    progress: str | None = None,
) -> Trained:
    """Train one model from several seeds at once.

    Parameters
    ----------
    init : callable
        Random key -> parameters.
    loss : callable
        Parameters and batch -> scalar.
    sample : callable
        Random key and data -> batch.
    data : tree of arrays
        Handed to `sample`; shared by all seeds.
    training : Training
    seeds : sequence of int
        Each >= 0, no two alike.
    watch : callable, optional
        Parameters and data -> arrays by name, looked at after every stretch of steps.
    checkpoint : Path, optional
        File to resume from if it is there, and to write after every stretch of steps.
    about : JSON-like, optional
        What else defines the run (data, size): a checkpoint of another run is refused.
    progress : str, optional
        Words before the progress bar; no bar if None.

    Returns
    -------
    Trained
        The same bits whether or not the run was interrupted, on the same machine and versions.

    Raises
    ------
    FieldError
        If the seeds are not as above.
    CheckpointError
        If the checkpoint is damaged, or its run was another one.
    """
    require(
        len(seeds) > 0 and len(set(seeds)) == len(seeds) and min(seeds) >= 0,
        "seeds", seeds, "different whole numbers >= 0, at least one",
    )  # fmt: skip
    optimiser = training.optimiser()
    keys = jnp.stack([jax.random.key(s) for s in seeds])

    def start(key: jax.Array) -> tuple[Params, Any]:
        params = init(jax.random.fold_in(key, 0))
        return params, optimiser.init(params)

    def stretch(key: jax.Array, state: Any, first: jax.Array, data: Data) -> tuple[Any, jax.Array]:
        stream = jax.random.fold_in(key, 1)

        def step(state: Any, t: jax.Array) -> tuple[Any, jax.Array]:
            params, moments = state
            batch = sample(jax.random.fold_in(stream, t), data)
            value, gradient = jax.value_and_grad(loss)(params, batch)
            updates, moments = optimiser.update(gradient, moments, params)
            return (optax.apply_updates(params, updates), moments), value

        state, values = jax.lax.scan(step, state, first + jnp.arange(training.every))
        return state, values.mean()

    run = jax.jit(jax.vmap(stretch, in_axes=(0, 0, None, None)))
    state = jax.jit(jax.vmap(start), compiler_options=_QUICKLY)(keys)
    mark = digest({"training": asdict(training), "seeds": list(seeds), "about": about})
    look = None if watch is None else jax.jit(jax.vmap(watch, in_axes=(0, None)))
    done, losses, seen, state = _resume(checkpoint, mark, state)
    bar = tqdm(
        total=training.steps, initial=done, unit="step", desc=progress, disable=progress is None
    )
    with bar:
        while done < training.steps:
            state, value = run(keys, state, jnp.int32(done), data)
            losses.append(np.asarray(value))
            if look is not None:
                seen.append({name: np.asarray(x) for name, x in look(state[0], data).items()})
            done += training.every
            bar.update(training.every)
            bar.set_postfix(loss=f"{float(value.mean()):.4g}")
            if checkpoint is not None:
                _save(checkpoint, mark, done, losses, seen, state)
    return Trained(state[0], np.stack(losses, axis=1), _stacked(seen, axis=1))


def one_seed(params: Params, index: int) -> Params:
    """Parameters of one seed of those trained together.

    Parameters
    ----------
    params : tree of arrays
        As in `Trained.params`.
    index : int
        Which seed, from 0.
    """
    return jax.tree.map(lambda array: array[index], params)


def count(init: Callable[[jax.Array], Params]) -> int:
    """Number of parameters that `init` would make, without making them.

    Parameters
    ----------
    init : callable
        Makes parameters from a random key.
    """
    shapes = jax.eval_shape(init, jax.random.key(0))
    return sum(int(np.prod(leaf.shape, dtype=np.int64)) for leaf in jax.tree.leaves(shapes))


def digest(value: Any) -> str:
    """SHA-256 of a JSON-like value in one canonical form.

    Parameters
    ----------
    value : object
        Of dictionaries, lists, text, numbers, truth values and None.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _stacked(seen: Sequence[Mapping[str, NDArray]], axis: int) -> dict[str, NDArray]:
    return {
        name: np.stack([each[name] for each in seen], axis) for name in (seen[0] if seen else ())
    }


def _save(
    path: Path,
    mark: str,
    done: int,
    losses: list[NDArray],
    seen: list[dict[str, NDArray]],
    state: Any,
) -> None:
    leaves = {f"leaf_{i}": np.asarray(x) for i, x in enumerate(jax.tree.leaves(state))}
    watched = {f"seen_{name}": x for name, x in _stacked(seen, axis=0).items()}
    buffer = io.BytesIO()
    np.savez(
        buffer,
        mark=np.array(mark),
        done=np.array(done),
        losses=np.stack(losses),
        # Names of arrays, and none of them is that of an option, which they could be to the checker.
        **watched,  # type: ignore[arg-type]
        **leaves,  # type: ignore[arg-type]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, buffer.getvalue())


def _resume(
    path: Path | None, mark: str, state: Any
) -> tuple[int, list[NDArray], list[dict[str, NDArray]], Any]:
    if path is None or not path.exists():
        return 0, [], [], state
    try:
        # From memory: NumPy leaves a damaged file open.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as found:
            kept = {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(
            f"{path}: damaged ({error}); remove it to train from the start"
        ) from None
    if "mark" not in kept or str(kept["mark"]) != mark:
        raise CheckpointError(
            f"{path}: of a run with other settings, seeds or data; choose another folder or remove it"
        )
    leaves, tree = jax.tree.flatten(state)
    restored = [jnp.asarray(kept[f"leaf_{i}"]) for i in range(len(leaves))]
    losses = list(kept["losses"])
    watched = {
        name.removeprefix("seen_"): x for name, x in kept.items() if name.startswith("seen_")
    }
    seen = [
        {name: x[i] for name, x in watched.items()} for i in range(len(losses) if watched else 0)
    ]
    return int(kept["done"]), losses, seen, jax.tree.unflatten(tree, restored)
