"""What is kept of the language models' answers, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import FAMILIES, Trained

from mirage_utils import FieldError, models, tables
from mirage_utils import records as rec
from mirage_utils.errors import UnknownNameError
from mirage_utils.models import runs
from mirage_utils.models.catalogue import LANGUAGE
from mirage_utils.models.language import levels, outputs
from mirage_utils.models.results import Bundle


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
