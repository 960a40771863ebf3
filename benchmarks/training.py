"""Training five seeds of one small autoencoder, from nothing to trained weights, compilation included."""

from __future__ import annotations

import warnings
from dataclasses import replace

import jax
import optax
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from mirage_utils.models import runs
from mirage_utils.models.training import train
from mirage_utils.models.vision import data

from .timing import Contest, compare

UNITS, SEEDS = 16, (0, 1, 2, 3, 4)


def contest() -> Contest:
    """The autoencoder of chapter 16 with 16 units, on scikit-learn's digits."""
    family = replace(runs.family("autoencoders"), seeds=SEEDS)
    images = data.load("digits")
    prepared = family.prepare(images)
    training = family.training
    rows = images.train.reshape(len(images.train), -1)

    def init(key):
        return family.init(key, UNITS, images)

    def together() -> None:
        train(init, family.loss, family.sample, prepared, training, SEEDS)

    def one_by_one() -> None:
        for seed in SEEDS:
            train(init, family.loss, family.sample, prepared, training, (seed,))

    def plain_loop() -> None:
        optimiser = training.optimiser()

        @jax.jit
        def step(params, moments, key):
            batch = family.sample(key, prepared)
            gradient = jax.grad(family.loss)(params, batch)
            updates, moments = optimiser.update(gradient, moments, params)
            return optax.apply_updates(params, updates), moments

        for seed in SEEDS:
            key = jax.random.key(seed)
            params = init(key)
            moments = optimiser.init(params)
            for t in range(training.steps):
                params, moments = step(params, moments, jax.random.fold_in(key, t))
        jax.block_until_ready(params)

    def scikit_learn() -> None:
        epochs = round(training.steps * training.batch / len(rows))
        for seed in SEEDS:
            model = MLPRegressor(
                (UNITS,), activation="tanh", alpha=0, batch_size=training.batch, max_iter=epochs,
                n_iter_no_change=epochs, random_state=seed,
            )  # fmt: skip
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # stops where it is told to
                model.fit(rows, rows)

    return Contest(
        "five seeds of an autoencoder",
        {
            "mirage_utils.train, seeds together": together,
            "mirage_utils.train, one by one": one_by_one,
            "JAX, a Python loop over jitted steps": plain_loop,
            "scikit-learn MLPRegressor": scikit_learn,
        },
        len(SEEDS) * training.steps * training.batch,
    )


def main() -> None:
    compare(contest(), rounds=3)
