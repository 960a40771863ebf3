"""The language models: what they learn from, what they are asked, what is kept, and that runs can be stopped anywhere."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from mirage_utils import FieldError, models, tables
from mirage_utils import records as rec
from mirage_utils.errors import UnknownNameError
from mirage_utils.models import runs
from mirage_utils.models.catalogue import LANGUAGE
from mirage_utils.models.language import levels, outputs, transformer
from mirage_utils.models.language.clock import Clocks
from mirage_utils.models.language.made import frequencies
from mirage_utils.models.language.models import (
    Additions,
    Inductions,
    Multiplications,
    Recalls,
    RecallsInOrder,
)
from mirage_utils.models.language.parity import Parities
from mirage_utils.models.language.tasks import Arithmetic, Induction, Recall
from mirage_utils.models.results import Bundle
from mirage_utils.models.training import _QUICKLY, Training, one_seed

SHORT = Training(40, 16, 1e-2, every=20, clip=1.0, b2=0.98)

# What runs once or twice is compiled whole, as the trainer's own beginning is: in a tenth of the time that its operations
# would take one by one.
quickly = partial(jax.jit, compiler_options=_QUICKLY)
logits = quickly(transformer.logits)


def begun(seed, **shape):
    """Parameters of a transformer before training."""
    return quickly(partial(transformer.init, **shape))(jax.random.key(seed))


def small(kind=Recalls, **changes):
    given = {"sizes": (4,), "seeds": (0, 3), "training": SHORT}
    if kind in (Recalls, RecallsInOrder):
        given |= {"keys": 20, "length": 3}
    return kind(**{**given, **changes})


FAMILIES = {
    "recall": small(samples=2),
    "recall_in_order": small(RecallsInOrder),
    "addition": small(Additions, digits=2, tests=30),
    "multiplication": small(Multiplications, digits=1, tests=9, reversed_answer=False),
    "induction": small(Inductions, letters=8, row=5, tests=30),
    "parity": small(Parities, bits=8, tests=40, tasks=3),
    "clock": small(Clocks, modulus=7),
}


class Trained:
    """Every kind of family, trained for a moment when asked for, once for all workers: parameters and rows by kind."""

    def __init__(self, folder):
        self.folder, self.found = folder, {}

    def __getitem__(self, kind):
        if kind not in self.found:
            kept = self.folder / f"trained_{kind}.pickle"
            with FileLock(f"{kept}.lock"):
                if not kept.exists():
                    family = FAMILIES[kind]
                    made = runs.train_size(family, 4, family.load())
                    kept.write_bytes(pickle.dumps(made))
            self.found[kind] = pickle.loads(kept.read_bytes())
        return self.found[kind]


@pytest.fixture(scope="session")
def trained(shared_folder):
    return Trained(shared_folder)


def bundle(kind, rows):
    family = FAMILIES[kind]
    config = {"kind": family.kind, **json.loads(json.dumps(family.__dict__, default=vars))}
    about = {
        "family": family.kind,
        "config": config,
        "run": "made",
        "data": family.load().describe(),
    }
    return Bundle(rows, about, pd.DataFrame())


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


# -- what is learnt --------------------------------------------------------------------------------


def test_codes_are_fixed_and_keys_are_all_different():
    task = Recall(keys=70, length=8)
    asked = task.test()
    assert len({tuple(row) for row in asked.prompts}) == 70
    assert asked.prompts.shape == (70, 3)
    assert task.text(asked.prompts)[:2] == ["aaa", "aab"]
    assert np.array_equal(asked.answers, Recall(70, 8, 1.0).test().answers)
    drawn = task.draw(jax.random.key(0), 4_000)
    known = dict(zip(task.text(asked.prompts), task.text(asked.answers), strict=True))
    said = zip(task.text(drawn.prompts), task.text(drawn.answers), strict=True)
    assert all(known[key] == code for key, code in said)


@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_keys_come_up_as_often_as_they_should(exponent):
    task = Recall(keys=8, length=1, exponent=exponent)
    drawn = task.draw(jax.random.key(0), 80_000)
    counts = np.bincount(np.asarray(drawn.prompts)[:, -1] - 10, minlength=8) / 80_000
    shares = frequencies(8, exponent)
    assert np.abs(counts - shares).max() < 4 * np.sqrt(0.25 / 80_000)
    assert shares[0] / shares[7] == pytest.approx(8**exponent)


@given(st.sampled_from(["+", "*"]), st.integers(1, 4), st.booleans())
@settings(max_examples=16, deadline=None)
def test_arithmetic_is_right_and_the_test_is_kept_apart(operation, digits, reversed_answer):
    task = Arithmetic(operation, digits, reversed_answer, tests=9)
    for which, n in ((task.draw(jax.random.key(digits), 50), 50), (task.test(), 9)):
        assert len(which.prompts) == n
        for question, answer, weight in zip(
            task.text(which.prompts),
            task.text(which.answers),
            np.asarray(which.weights),
            strict=True,
        ):
            assert question[-1] == "="
            x, y = map(int, question[:-1].split(operation))
            said = int(answer[::-1] if reversed_answer else answer)
            assert said == (x + y if operation == "+" else x * y)
            assert len(answer) == (digits + 1 if operation == "+" else 2 * digits)
            held_out = bool(Arithmetic.held_out(np.array(x), np.array(y)))
            assert held_out == bool(Arithmetic.held_out(np.array(y), np.array(x)))
            assert (weight == 0) == held_out if which is not task.test() and n == 50 else held_out
    questions = task.text(task.test().prompts)
    assert len(set(questions)) == len(questions)


def test_a_tenth_of_all_sums_is_kept_for_the_test():
    x, y = np.meshgrid(np.arange(1_000), np.arange(1_000))
    assert Arithmetic.held_out(x, y).mean() == pytest.approx(0.1, abs=0.003)


def test_what_is_kept_apart_teaches_nothing():
    family = small(Additions, digits=2, tests=9)
    test = family.task.test()
    params = quickly(lambda key: family.init(key, 4, family.load()))(jax.random.key(0))
    apart = test._replace(weights=jnp.zeros(9))
    slopes = quickly(jax.grad(family.loss))(params, apart)
    assert all(float(jnp.abs(leaf).max()) == 0 for leaf in jax.tree.leaves(slopes))


def test_the_second_row_is_the_first_one_turned():
    task = Induction(letters=8, row=5, tests=40)
    for question, answer in zip(
        task.text(task.test().prompts), task.text(task.test().answers), strict=True
    ):
        row, first = question[:5], question[5]
        assert len(set(row)) == 5
        at = row.index(first)
        assert first + answer == row[at:] + row[:at]
    turns = {q[:5].index(q[5]) for q in task.text(task.test().prompts)}
    assert turns == set(range(5))


def test_parities_are_those_of_the_bits_that_decide():
    task = small(Parities, bits=9, relevant=4, tasks=3).task
    for which in (task.test(), task.draw(jax.random.key(1), 500)):
        for bits, t, odd in zip(*map(np.asarray, which), strict=True):
            assert odd == bits[task.deciding()[t]].sum() % 2
    assert len({tuple(sorted(row)) for row in task.deciding()}) == 3
    for subset in ([0], [0, 1], [2, 5, 7]):  # nothing smaller than all four tells anything
        test = small(Parities, bits=9, relevant=4, tests=8_000).task.test()
        same = test.bits[:, task.deciding()[0][: len(subset)]].sum(1) % 2 == test.odd
        assert abs(same.mean() - 0.5) < 0.025


def test_clocks_add_and_their_division_is_kept():
    task = small(Clocks, modulus=7).task
    pairs = task.pairs()
    assert np.array_equal(pairs.total, (pairs.a + pairs.b) % 7)
    assert pairs.trained.sum() == round(49 / 2)
    assert np.array_equal(pairs.trained, task.pairs().trained)
    prepared = small(Clocks, modulus=7).prepare(task)
    assert prepared["train"].shape == (3, 24)
    assert prepared["test"].shape == (3, 25)


@pytest.mark.parametrize("kind", FAMILIES)
def test_what_is_made_is_described_and_another_task_has_another_digest(kind):
    task = FAMILIES[kind].load()
    about = task.describe()
    assert about["test"] > 0
    assert about["sha256"] == FAMILIES[kind].load().digest()
    changed = {
        "recall": {"length": 4}, "recall_in_order": {"exponent": 1.0}, "addition": {"digits": 3},
        "multiplication": {"tests": 8}, "induction": {"row": 6}, "parity": {"relevant": 2}, "clock": {"fraction": 0.6},
    }  # fmt: skip
    assert replace(FAMILIES[kind], **changed[kind]).load().digest() != about["sha256"]


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Recall(1, 8), "keys"),
        (lambda: Recall(10, 0), "length"),
        (lambda: Recall(10, 1, -1.0), "exponent"),
        (lambda: Arithmetic("-", 2, True, 9), "operation"),
        (lambda: Arithmetic("+", 5, True, 9), "digits"),
        (lambda: Arithmetic("+", 1, True, 11), "tests"),
        (lambda: Induction(3, 2, 1), "letters"),
        (lambda: Induction(8, 9, 1), "row"),
        (lambda: small(Parities, relevant=99), "relevant"),
        (lambda: small(Parities, tasks=0), "tasks"),
        (lambda: small(Clocks, fraction=1.0), "fraction"),
        (lambda: small(Clocks, modulus=2), "modulus"),
        (lambda: small(rate_by_width=0), "rate_by_width"),
        (lambda: small(samples=-1), "samples"),
    ],
)
def test_what_is_out_of_range_is_named(make, field):
    with pytest.raises(FieldError, match=field):
        make()


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


# -- what the outputs say --------------------------------------------------------------------------


def made_up():
    """Two items of a family with Zipf frequencies 2 : 1, three symbols."""
    rows = pd.DataFrame(
        {
            "params": 10, "seed": 0, "size": 1.0, "item": [0, 1], "prompt": ["a", "b"], "target": ["123", "456"],
            "greedy": ["123", "564"], "sample_1": ["120", "456"],
            "logprob_1": np.log([0.5, 0.2]), "logprob_2": np.log([0.5, 0.2]), "logprob_3": np.log([1.0, 0.2]),
        }
    )  # fmt: skip
    about = {
        "family": "recall", "config": {"kind": "recall", "keys": 2, "exponent": 1.0}, "run": "x" * 20,
        "data": {"name": "made up"},
    }  # fmt: skip
    return Bundle(rows, about, pd.DataFrame())


def test_scores_by_hand():
    found = outputs.scores(made_up(), "mine").set_index("length")
    assert list(found.reset_index().columns) != list(outputs.SCORES)
    assert list(outputs.scores(made_up()).columns) == list(outputs.SCORES)
    assert found["exact_match"].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3])
    assert found.loc[3, "token_accuracy"] == pytest.approx(2 / 3)
    assert found.loc[3, "edit_distance"] == pytest.approx(2 / 3)  # 456 to 564: one away, one put in
    assert found.loc[2, "edit_distance"] == pytest.approx(2 / 3)  # 45 to 56: the same
    assert found.loc[1, "loss"] == pytest.approx((2 * np.log(2) + np.log(5)) / 3)
    assert found.loc[3, "loss"] == pytest.approx((2 * 2 * np.log(2) / 3 + np.log(5)) / 3)
    assert found["n"].tolist() == [2, 2, 2]


def test_records_can_be_graded_by_any_metric_of_an_answer():
    records = outputs.records(made_up())
    assert list(records.columns) == list(rec.RECORDS)
    assert records["score"].tolist() == [1, 0]
    assert rec.grade(records, "token_edit_distance")["score"].tolist() == [0, 2]
    assert rec.grade(records, "longest_correct_prefix")["score"].tolist()[1] == 0
    drawn = outputs.records(made_up(), output="sample_1", length=2)
    assert drawn["output"].tolist() == ["12", "45"]
    assert drawn["score"].tolist() == [1, 1]
    assert [len(x) for x in drawn["logprobs"]] == [2, 2]
    with pytest.raises(UnknownNameError, match="sample_1"):
        outputs.records(made_up(), output="sample_9")
    with pytest.raises(FieldError, match="length = 4"):
        outputs.records(made_up(), length=4)


@pytest.mark.parametrize("kind", FAMILIES)
def test_every_family_gives_scores_and_records(kind, trained):
    rows = trained[kind][1]
    found = outputs.scores(bundle(kind, rows), kind)
    assert set(found["seed"]) == {0, 3}
    assert found["loss"].gt(0).all()
    assert found["exact_match"].between(0, 1).all()
    assert found["token_accuracy"].between(0, 1).all()
    records = outputs.records(bundle(kind, rows))
    assert len(records) == len(rows)
    mean = records.groupby(rows["seed"].to_numpy())["score"].mean()
    whole = found[found["length"] == found["length"].max()].set_index("seed")["exact_match"]
    if kind not in ("parity", "clock"):  # there items have weights, or some were trained on
        np.testing.assert_allclose(mean, whole)
    if kind == "parity":
        brier = rec.grade(records, "brier")
        assert brier["score"].between(0, 2).all()


def test_outputs_as_arrays_say_what_the_scores_say(trained):
    for kind in ("recall", "addition"):
        made = bundle(kind, trained[kind][1])
        found = outputs.asked(made)
        table = outputs.scores(made).sort_values(["params", "seed"])
        whole = table[table["length"] == found.logp.shape[-1]]
        np.testing.assert_allclose(found.loss.ravel(), whole["loss"], rtol=1e-5)
        np.testing.assert_allclose(found.exact_match().ravel(), whole["exact_match"])
        assert found.drawn.shape[2] == FAMILIES[kind].samples
        assert (found.expected_match(1) >= found.expected_match()).all()


def test_what_is_missing_is_refused():
    whole = made_up()
    with pytest.raises(FieldError, match="once"):
        outputs.asked(Bundle(whole.frame.iloc[:1].assign(item=1), whole.manifest, whole.history))
    twice = pd.concat([whole.frame.iloc[:1]] * 2)
    with pytest.raises(FieldError, match="once"):
        outputs.asked(Bundle(twice, whole.manifest, whole.history))


def test_factors_by_hand():
    """Two codes, frequencies 2 : 1, probabilities .5 .5 1 and .2 .2 .2."""
    typical, spread, dependence = (f[0, 0] for f in outputs.factors(outputs.asked(made_up())))
    assert typical == pytest.approx(0.25 ** (2 / 3) * 0.008 ** (1 / 3))
    places = [(2 * a + 0.2) / 3 for a in (0.5, 0.5, 1.0)]
    assert typical * spread == pytest.approx(np.prod(places))
    assert typical * spread * dependence == pytest.approx((2 * 0.25 + 0.008) / 3)


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_factors_multiply_to_the_expected_match_and_spread_is_at_least_one(seed, length, n):
    rng = np.random.default_rng(seed)
    logp = -rng.gamma(1.0, 1.0, (2, 3, n, length))
    shares = rng.dirichlet(np.ones(n))
    shape = (2, 3, n, length)
    found = outputs.Asked(
        np.arange(2), logp, np.zeros(shape, bool), np.zeros((2, 3, 0, n, length), bool), shares
    )
    parts = outputs.factors(found)
    np.testing.assert_allclose(
        parts.typical * parts.spread * parts.dependence, found.expected_match()
    )
    assert (parts.spread >= 1 - 1e-9).all()
    if n == 1 or length == 1:
        np.testing.assert_allclose(parts.dependence, 1)


# -- losses that come in levels --------------------------------------------------------------------


def test_unsolved_counts_symbols_at_chance():
    assert levels.unsolved([0, np.log(10) / 5, np.log(10)], 5).tolist() == pytest.approx([0, 1, 5])
    assert levels.unsolved(np.log(2), 1, choices=2) == pytest.approx(1)
    with pytest.raises(FieldError, match="loss"):
        levels.unsolved(-0.1, 5)


def test_levels_are_found_where_they_were_put():
    rng = np.random.default_rng(0)
    where, how_many = [0.0, 1.0, 3.0], [12, 20, 8]
    values = np.concatenate([rng.normal(m, 0.05, k) for m, k in zip(where, how_many, strict=True)])
    found = levels.levels(values)
    np.testing.assert_allclose(found.means, where, atol=0.06)
    np.testing.assert_allclose(found.shares, np.array(how_many) / 40, atol=1e-3)
    assert (found.spreads >= 0.03).all()
    assert found.bic.argmin() == 2
    assert levels.dip(values).p_value < 0.01
    with pytest.raises(FieldError, match="most"):
        levels.levels([1.0, 2.0], most=3)


def test_one_hill_is_one_level():
    values = np.random.default_rng(1).normal(2, 0.5, 60)
    assert len(levels.levels(values).means) == 1
    assert levels.dip(values).p_value > 0.2
    with pytest.raises(FieldError, match="four"):
        levels.dip([1, 2, 3])


# -- what is bundled -------------------------------------------------------------------------------

BUNDLED = [name for name in models.bundles() if name in LANGUAGE]


def test_language_models_are_bundled():
    assert {"recall", "addition", "parity"} <= set(BUNDLED)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundle_is_a_run_of_the_desk_profile_and_whole(name):
    found = models.bundled(name)
    family = runs.family(name, "desk")
    assert found.manifest["profile"] == "desk"
    assert found.manifest["config"] == {
        "kind": family.kind,
        **json.loads(json.dumps(asdict(family))),
    }
    assert found.manifest["data"] == family.load().describe()
    frame, history = found.frame, found.history
    assert len(frame) == found.manifest["results"]["rows"]
    assert not frame.duplicated(["size", "seed", "item"]).any()
    assert len(set(frame.groupby(["size", "seed"]).size())) == 1
    assert frame.groupby(["size", "seed"]).ngroups == len(family.sizes) * len(family.seeds)
    for size in family.sizes:
        part = history[history["size"] == size]
        training = family.training_of(size)
        steps = np.arange(training.every, training.steps + 1, training.every)
        assert sorted(part["step"].unique()) == steps.tolist()
    logs = outputs.logprobs(frame)
    assert (logs <= 0).all()
    if "greedy" in frame and family.parallel:  # there more than a half is the likeliest
        right = outputs.symbols(frame["greedy"]) == outputs.symbols(frame["target"])
        assert right[logs > np.log(0.51)].all()


@pytest.mark.parametrize("name", BUNDLED)
def test_the_table_of_families_is_computed_from_the_bundles(name):
    table = tables.load_table("families")
    assert set(table["task"]) == set(BUNDLED)
    kept = table[table["task"] == name].reset_index(drop=True)
    made = outputs.scores(models.bundled(name), name)
    assert list(kept.columns) == list(outputs.SCORES) == list(made.columns)
    pd.testing.assert_frame_equal(kept, made, rtol=1e-5, atol=1e-7, check_dtype=False)


def test_other_runs_have_no_such_scores():
    with pytest.raises(UnknownNameError, match="family"):
        outputs.scores(
            Bundle(
                pd.DataFrame({"item": [0]}),
                {"family": "lenets", "config": {"kind": "lenets"}},
                pd.DataFrame(),
            )
        )


def test_answers_of_unequal_length_are_refused():
    with pytest.raises(FieldError, match="one length"):
        outputs.symbols(pd.Series(["12", "3"]))


# -- the command -----------------------------------------------------------------------------------


def test_the_command_trains_families_and_writes_their_table(tmp_path, monkeypatch, capsys):
    from mirage_utils.cli import main
    from mirage_utils.models import catalogue

    monkeypatch.setattr(
        catalogue,
        "LANGUAGE",
        {k: {"quick": v} for k, v in FAMILIES.items() if k in ("recall", "parity")},
    )
    monkeypatch.setattr(catalogue, "FAMILIES", catalogue.LANGUAGE)
    out = tmp_path / "out"
    asked = ["families", "--out", str(out), "--quiet", "--bundle", str(tmp_path / "kept")]
    (tmp_path / "kept").mkdir()
    assert main.main(asked) == 0
    table = pd.read_csv(out / "families.csv")
    assert list(table.columns) == list(outputs.SCORES)
    assert set(table["task"]) == {"recall", "parity"}
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == sorted(
        f"{k}{end}"
        for k in ("recall", "parity")
        for end in (".json", ".parquet", ".history.parquet")
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
