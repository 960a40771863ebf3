"""The language models: the network is the textbook's, answers are the likeliest, runs can be stopped anywhere."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from small_models import FAMILIES, Trained, quickly, small

from mirage_utils import FieldError
from mirage_utils.models import runs
from mirage_utils.models.catalogue import LANGUAGE
from mirage_utils.models.language import outputs, transformer
from mirage_utils.models.language.models import (
    Additions,
)
from mirage_utils.models.language.parity import Parities
from mirage_utils.models.training import Training, one_seed

logits = quickly(transformer.logits)


def begun(seed, **shape):
    """Parameters of a transformer before training."""
    return quickly(partial(transformer.init, **shape))(jax.random.key(seed))


@pytest.fixture(scope="session")
def trained(shared_folder):
    return Trained(shared_folder)


# -- the model -------------------------------------------------------------------------------------


def test_a_place_sees_what_stands_before_it_and_nothing_else():
    params = begun(0, width=8, layers=2, symbols=5, places=6)
    x = jax.random.randint(jax.random.key(1), (4, 6), 0, 5)
    before = logits(params, x)
    assert before.shape == (4, 6, 5)
    for place in range(6):
        after = logits(params, x.at[:, place].set((x[:, place] + 1) % 5))  # noqa: PD008
        moved = np.abs(np.asarray(after - before)).max(axis=(0, 2)) > 1e-7
        assert not moved[:place].any()
        assert moved[place:].all()


def test_a_shorter_sequence_is_the_beginning_of_a_longer_one():
    params = begun(0, width=6, layers=1, symbols=5, places=6)
    x = jax.random.randint(jax.random.key(1), (3, 6), 0, 5)
    np.testing.assert_allclose(logits(params, x[:, :4]), logits(params, x)[:, :4], atol=1e-5)


def textbook(params, x):
    """The model written once more, in NumPy, place by place and head by head: logits of one sequence."""
    width = len(params["norm"])
    many = transformer.heads(width)

    def rms(v, gain):
        return v / np.sqrt(np.mean(v**2) + 1e-6) * gain

    h = [params["symbol"][s] + params["place"][t] for t, s in enumerate(x)]
    for block in params["blocks"]:
        normed = [rms(v, block["norm1"]) for v in h]
        q, k, v = (
            [n @ block["attend"][:, i * width : (i + 1) * width] for n in normed] for i in range(3)
        )
        new = []
        for t in range(len(x)):
            seen = []
            for head in range(many):
                part = slice(head * width // many, (head + 1) * width // many)
                fit = np.array([q[t][part] @ k[s][part] for s in range(t + 1)]) / np.sqrt(
                    width / many
                )
                share = np.exp(fit - fit.max())
                share /= share.sum()
                seen.append(sum(w * v[s][part] for s, w in enumerate(share)))
            new.append(h[t] + np.concatenate(seen) @ block["mix"])
        h = [v + np.maximum(rms(v, block["norm2"]) @ block["up"], 0) @ block["down"] for v in new]
    return np.array([rms(v, params["norm"]) @ params["output"] for v in h])


def test_the_model_is_what_the_textbook_says():
    made = begun(3, width=8, layers=2, symbols=5, places=4)
    x = [2, 0, 4, 4]
    assert transformer.heads(8) == 2
    said = textbook(jax.tree.map(np.asarray, made), x)
    np.testing.assert_allclose(logits(made, jnp.array([x]))[0], said, atol=2e-5)


def test_parameters_are_counted():
    family = small(sizes=(8,))
    width, places, symbols = (
        8,
        2 + 3,
        19,
    )  # two letters, three blanks; digits, letters and the blank
    a_block = 3 * width**2 + width**2 + 8 * width**2 + 2 * width
    assert family.count(8, family.load()) == 2 * a_block + width * (2 * symbols + places + 1)


def test_widths_that_heads_do_not_divide_are_refused():
    with pytest.raises(FieldError, match="sizes = 33"):
        small(sizes=(33,))
    with pytest.raises(FieldError, match="layers"):
        small(layers=0)
    with pytest.raises(FieldError, match="compute"):
        small(compute=-1.0)


# -- answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["recall_in_order", "addition", "induction"])
def test_a_greedy_answer_is_the_likeliest_symbol_given_those_before(kind, trained):
    family, params = FAMILIES[kind], one_seed(trained[kind][0].params, 0)
    test = family.task.test()
    answers = np.asarray(quickly(family.answer)(params, jnp.asarray(test.prompts)))
    params = jax.tree.map(np.asarray, params)
    for prompt, answer in zip(test.prompts[:5], answers[:5], strict=True):
        sequence = list(prompt)
        for symbol in answer:
            said = textbook(params, sequence)[-1, : len(family.task.symbols)]
            assert symbol == said.argmax()
            sequence.append(symbol)


def test_answers_given_at_once_do_not_see_each_other(trained):
    family, params = FAMILIES["recall"], one_seed(trained["recall"][0].params, 0)
    test = family.task.test()
    said = quickly(family.said)
    before = said(params, jnp.asarray(test.prompts), jnp.asarray(test.answers))
    after = said(params, jnp.asarray(test.prompts), jnp.asarray((test.answers + 1) % 10))
    np.testing.assert_array_equal(before, after)


def test_samples_follow_the_probabilities_and_the_temperature():
    family = small(Additions, digits=1, tests=4)
    params = quickly(lambda key: family.init(key, 4, family.load()))(jax.random.key(5))
    prompt = jnp.tile(jnp.asarray(family.task.test().prompts[:1]), (4_000, 1))
    said = np.asarray(quickly(family.said)(params, prompt[:1], jnp.zeros((1, 2), int)))[0, 0]
    ask = quickly(family.answer)
    for temperature in (1.0, 0.5):
        drawn = np.asarray(ask(params, prompt, jax.random.key(1), temperature))[:, 0]
        share = np.exp(said / temperature) / np.exp(said / temperature).sum()
        counts = np.bincount(drawn, minlength=len(share))
        chi = ((counts - 4_000 * share) ** 2 / (4_000 * share)).sum()
        assert chi < 40  # 12 degrees of freedom: exceeded once in ten thousand
    cold = ask(params, prompt[:2], jax.random.key(1), 1e-4)
    np.testing.assert_array_equal(cold, ask(params, prompt[:2]))


@pytest.mark.parametrize("kind", ["recall", "recall_in_order", "addition", "induction"])
def test_the_log_probabilities_kept_are_those_of_the_right_answer(kind, trained):
    """By scoring every possible answer of one question: their probabilities sum to one."""
    family, rows = FAMILIES[kind], trained[kind][1]
    params = one_seed(trained[kind][0].params, 1)
    mine = rows[rows["seed"] == 3].reset_index(drop=True)
    test = family.task.test()
    kept = outputs.logprobs(mine)
    losses = quickly(family.losses)
    by_hand = -np.asarray(losses(params, jnp.asarray(test.prompts), jnp.asarray(test.answers)))
    np.testing.assert_allclose(kept, by_hand, atol=1e-5)
    many = len(family.task.symbols)
    every = np.stack(np.meshgrid(*[np.arange(many)] * 2, indexing="ij"), -1).reshape(-1, 2)
    length = test.answers.shape[1]
    tail = np.tile(test.answers[0], (len(every), 1))
    tail[:, :2] = every
    prompts = np.tile(test.prompts[0], (len(every), 1))
    two = np.asarray(losses(params, jnp.asarray(prompts), jnp.asarray(tail)))[:, :2].sum(1)
    assert np.exp(-two).sum() == pytest.approx(1, abs=1e-4)
    assert length >= 2


def test_rows_are_what_the_task_asks(trained):
    rows = trained["addition"][1]
    assert list(rows.columns) == [
        "size", "params", "seed", "item", "prompt", "target", "greedy", "sample_1", "logprob_1", "logprob_2", "logprob_3",
    ]  # fmt: skip
    assert len(rows) == 2 * 30
    for prompt, target in zip(rows["prompt"], rows["target"], strict=True):
        assert int(target[::-1]) == sum(map(int, prompt[:-1].split("+")))
    assert {"sample_1", "sample_2"} < set(trained["recall"][1])
    parity = trained["parity"][1]
    sure = parity["logprob"] > np.log(0.5)
    assert ((parity["output"] == parity["target"]) == sure).all()
    clock = trained["clock"][1]
    assert len(clock) == 2 * 49
    assert (clock["target"] == (clock["a"] + clock["b"]) % 7).all()


# -- training --------------------------------------------------------------------------------------


def test_the_rate_falls_with_the_width_and_compute_sets_the_steps():
    family = small(sizes=(4, 8, 16), rate_by_width=0.04)
    assert [family.training_of(d).rate for d in (2, 4, 8)] == [0.01, 0.01, 0.005]
    same = replace(family, compute=3e9)
    spent = [
        6 * same.count(d, same.task) * same.places * 16 * same.training_of(d).steps
        for d in same.sizes
    ]
    assert max(spent) / min(spent) < 1.3
    assert same.training_of(4).steps > 3 * same.training_of(16).steps


def test_recall_is_learnt_and_parity_needs_its_bits(trained):
    family = small(sizes=(12,), seeds=(0,), training=Training(600, 32, 1e-2, every=300), keys=8)
    _, rows = runs.train_size(family, 12, family.load())
    assert (rows["greedy"] == rows["target"]).all()
    easy = small(
        Parities, bits=6, relevant=2, seeds=(0,), training=Training(800, 64, 1e-2, every=400)
    )
    _, rows = runs.train_size(replace(easy, sizes=(32,)), 32, easy.load())
    assert (rows["output"] == rows["target"]).mean() > 0.98


@pytest.mark.parametrize("kind", FAMILIES)
def test_what_is_watched_is_kept_step_by_step(kind, trained):
    family, (found, rows) = FAMILIES[kind], trained[kind]
    history = runs.history(family, 4, family.load(), found)
    assert sorted(history["step"].unique()) == [20, 40]
    assert set(history["measure"]) == {"train_loss", *found.watched}
    last = history[(history["step"] == 40) & (history["measure"] == "test_loss")]
    frame = rows[~rows["trained"]] if kind == "clock" else rows
    mean = pd.Series(-outputs.logprobs(frame).mean(axis=1)).groupby(frame["seed"].to_numpy()).mean()
    if kind != "parity":  # there by parity, and as often as each is asked: the same here
        np.testing.assert_allclose(last.groupby("seed")["value"].mean(), mean, rtol=1e-3)


def test_a_run_killed_at_any_moment_gives_the_same_bytes(tmp_path):
    """By SIGKILL, at a moment that differs from run to run of this test."""
    name, sizes = "recall", "4,6"
    command = [
        sys.executable, "-m", "mirage_utils", "train", name, "--sizes", sizes, "--seeds", "0,1", "--steps", "1000", "--quiet",
    ]  # fmt: skip
    subprocess.run([*command, "--out", str(tmp_path / "whole")], check=True, capture_output=True)
    killed = 0
    for _ in range(20):
        run = subprocess.Popen(
            [*command, "--out", str(tmp_path / "killed")], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        seen = _files(tmp_path / "killed")
        deadline = time.monotonic() + 120
        # At least one stretch of steps further than the last time, then a moment at random.
        while (
            run.poll() is None
            and _files(tmp_path / "killed") == seen
            and time.monotonic() < deadline
        ):
            time.sleep(0.02)
        time.sleep(random.uniform(0, 0.3))
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            killed += 1
        if run.wait() == 0:
            break
    subprocess.run([*command, "--out", str(tmp_path / "killed")], check=True, capture_output=True)
    assert killed >= 1
    for file in ("results.parquet", "history.parquet"):
        whole, resumed = ((tmp_path / d / file).read_bytes() for d in ("whole", "killed"))
        assert whole == resumed, file


def _files(folder):
    return sorted((p.name, p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file())


def test_on_a_cluster_the_same_comes_out(tmp_path):
    family = replace(FAMILIES["recall"], sizes=(2, 4))
    here = runs.run(family, family.load(), tmp_path / "here", progress=False)
    there = runs.run(
        family, family.load(), tmp_path / "there", progress=False, jobs=2, cluster="local"
    )
    pd.testing.assert_frame_equal(here.frame, there.frame)
    pd.testing.assert_frame_equal(here.history, there.history)
    assert here.manifest["run"] == there.manifest["run"]


# -- the command -----------------------------------------------------------------------------------


def test_the_command_trains_families_and_writes_their_table(tmp_path, monkeypatch, capsys):
    from mirage_utils.cli import main
    from mirage_utils.models import catalogue

    monkeypatch.setattr(
        catalogue,
        "LANGUAGE",
        {k: {"quick": v} for k, v in FAMILIES.items() if k in ("recall", "parity")},
    )
    monkeypatch.setattr(catalogue, "LADDERS", {})
    monkeypatch.setattr(catalogue, "FAMILIES", catalogue.LANGUAGE)
    out = tmp_path / "out"
    asked = ["families", "--out", str(out), "--quiet", "--bundle", str(tmp_path / "kept")]
    (tmp_path / "kept").mkdir()
    assert main.main(asked) == 0
    table = pd.read_csv(out / "families.csv")
    assert list(table.columns) == list(outputs.SCORES)
    assert set(table["task"]) == {"recall", "parity"}
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == sorted(
        f"{k}{end}" for k in ("recall", "parity") for end in (".json", ".npz", ".history.npz")
    )
    assert main.main(["families", "nonsense", "--out", str(out)]) == 1
    assert "recall, parity" in capsys.readouterr().err
    assert main.main(["train", "recall", "--out", str(out), "--test-images", "3"]) == 1
    assert "learns from images" in capsys.readouterr().err


@pytest.mark.parametrize("name", LANGUAGE)
def test_every_profile_of_a_family_is_in_order(name):
    quick, desk, full = (runs.family(name, p) for p in ("quick", "desk", "full"))
    assert type(quick) is type(desk) is type(full)
    assert len(quick.sizes) <= len(desk.sizes)
    if name not in (
        "clock",
        "addition_long",
        "parities_1",
        "parities_4",
        "parities_16",
        "parities_64",
        "recall_same_compute",
    ):
        assert len(desk.sizes) >= 10
        assert full.count(max(full.sizes), full.load()) >= 9e6
    assert len(desk.seeds) >= (20 if name in ("addition", "addition_long", "parity") else 3)
    for each in (quick, desk, full):
        for size in each.sizes:
            assert each.training_of(size).steps >= each.training.every
