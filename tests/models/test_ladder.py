"""The ladder: right answers, nothing of the test in training, and outputs that are what the model says."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import asdict, replace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from rapidfuzz.distance import Levenshtein
from small_models import quickly
from test_language_models import textbook

from mirage_utils import FieldError, models, tables
from mirage_utils.errors import UnknownNameError
from mirage_utils.models import results, runs
from mirage_utils.models.catalogue import LADDERS
from mirage_utils.models.language import ladder_scores, mixture
from mirage_utils.models.language.ladder import Ladders
from mirage_utils.models.language.mixture import SKILLS, Mixture
from mirage_utils.models.results import Bundle
from mirage_utils.models.training import Training, one_seed
from mirage_utils.records import RECORDS, grade

SHORT = Training(40, 100, 1e-2, every=20, clip=1.0, b2=0.98)
TASK = Mixture(keys=30, exponent=1.0, reversed_answer=False, tests=25)
FAMILY = Ladders((8,), (0, 3), SHORT, keys=30, tests=25, watched=10)
BY_HAND = {"@": "recall", ">": "copying", "%": "modular sum", "<": "sorting", "~": "transliteration"}  # fmt: skip


@pytest.fixture(scope="module")
def trained():
    return runs.train_size(FAMILY, 8, FAMILY.load())


@pytest.fixture(scope="module")
def drawn():
    """Many examples for training: questions and answers as texts, and their weights."""
    draw = quickly(lambda key: TASK.draw(key, 20_000))
    found = draw(jax.random.key(5))
    return TASK.text(found.prompts), TASK.text(found.answers), np.asarray(found.weights)


@pytest.fixture(scope="module")
def asked():
    found = TASK.test()
    return TASK.text(found.prompts), TASK.text(found.answers), found.weights


def images(questions, answers):
    """The table of transliteration, read off single letters and rows, without looking at the module's."""
    table = {}
    rows = {
        (q.strip()[1:-1], a.strip()[:-1])
        for q, a in zip(questions, answers, strict=True)
        if q.strip()[0] == "~" and "A" not in q
    }
    for text, said in rows:  # a row of two equal letters tells what the letter is
        if len(text) == 2 and text[0] == text[1]:
            assert said[: len(said) // 2] == said[len(said) // 2 :]
            table[text[0]] = said[: len(said) // 2]
    for text, said in rows:  # and so does a row of which one is known
        if len(text) == 2 and text[0] in table:
            assert said.startswith(table[text[0]])
            table.setdefault(text[1], said.removeprefix(table[text[0]]))
    return table


def by_hand(question, table, codes):
    """The answer to a question, by reading it as a person would."""
    q = question.strip().removesuffix("=")
    choice = re.fullmatch(r"(.+)A(.)B(.)C(.)D(.)", q)
    if choice:
        options = choice.groups()[1:]
        assert len(set(options)) == 4
        first = by_hand(choice[1] + "=", table, codes)[0]
        assert options.count(first) == 1
        return "ABCD"[options.index(first)]
    for sign, operation in (("+", int.__add__), ("*", int.__mul__)):
        if sign in q:
            x, y = q.split(sign)
            assert str(int(x)) == x
            assert str(int(y)) == y
            return str(operation(int(x), int(y)))
    row = q[1:]
    match BY_HAND[q[0]]:
        case "recall":
            return codes[row]
        case "copying":
            return row
        case "modular sum":
            return str(sum(map(int, row)))[-1]
        case "sorting":
            return "".join(sorted(row))
        case _:
            return "".join(table[letter] for letter in row)


def task_of(question):
    """Task and length, by looking at a question."""
    q = question.strip().removesuffix("=")
    sign = next((s for s in "+*" if s in q), None)
    if sign:
        return {"+": "addition", "*": "multiplication"}[sign], len(q.split(sign)[0])
    if "A" in q:
        return f"choice of {BY_HAND[q[0]]}", 1
    return BY_HAND[q[0]], 5 if q[0] == "@" else len(q) - 1


# -- questions and answers -------------------------------------------------------------------------


def test_every_answer_is_right(drawn, asked):
    table = images(*drawn[:2])
    assert len(table) == 16
    assert Counter(map(len, table.values())) == {1: 8, 2: 8}
    codes = {q.strip()[1:4]: a[:5] for q, a in zip(*asked[:2], strict=True) if q.strip()[0] == "@" and "A" not in q}  # fmt: skip
    assert len(codes) == 30
    for questions, answers, _ in (drawn, asked):
        for question, answer in zip(questions, answers, strict=True):
            assert question.endswith("=")
            assert answer.rstrip() == by_hand(question, table, codes) + ".", question


def test_shares_are_those_that_are_stated(drawn):
    assert sum(s.share for s in SKILLS) == 100
    counts = Counter(map(task_of, drawn[0]))
    assert counts == {(s.task, s.length): 200 * s.share for s in SKILLS}


def test_keys_come_up_by_zipf_and_options_stand_anywhere(drawn):
    names = Counter(q.strip()[1:4] for q in drawn[0] if task_of(q)[0] == "recall")
    n, shares = sum(names.values()), 1 / np.arange(1, 31)
    shares /= shares.sum()
    ranked = ["a" + a + b for a in "abcdefghijklmnop" for b in "abcdefghijklmnop"][:30]
    chi = sum((names[k] - n * s) ** 2 / (n * s) for k, s in zip(ranked, shares, strict=True))
    assert chi < 65  # 29 degrees of freedom: exceeded once in ten thousand
    letters = Counter(a[0] for q, a in zip(*drawn[:2], strict=True) if "A" in q)
    n = sum(letters.values())
    assert all(abs(c - n / 4) < 4 * math.sqrt(n * 3 / 16) for c in letters.values())


def apart(question):
    """Whether a question is kept for the test, in whole numbers without end."""
    q, (task, length) = question.strip().removesuffix("="), task_of(question)
    if task in ("addition", "multiplication"):
        x, y = sorted(map(int, re.split(r"[+*]", q)))
        return length > 1 and (x * 7919 + y * 104_729) % 9973 % 10 == 0
    row = q[1:].split("A")[0]
    if task.endswith("recall") or (len(row) < 3 and task.split()[-1] not in ("sorting", "copying")):
        return False
    if task.endswith("sum") and len(row) < 3:
        return False
    found = 0
    for symbol in row:
        place = int(symbol) if symbol.isdigit() else 10 + ord(symbol) - ord("a")
        found = (found * 131 + place * 7 + 3) % 9973
    return found % 10 == 0


def test_nothing_of_the_test_is_trained_on(drawn, asked):
    learnt = set()
    for question, weight in zip(drawn[0], drawn[2], strict=True):
        assert (weight == 0) == apart(question), question
        if weight:
            learnt.add(question)
    assert 0.9 < np.mean(drawn[2]) < 0.97
    tables = set()
    for question in asked[0]:
        task, length = task_of(question)
        if apart(question):
            assert question not in learnt
        else:
            tables.add((task, length))
    assert tables == {
        ("recall", 5), ("addition", 1), ("multiplication", 1), ("modular sum", 2), ("transliteration", 2),
        ("choice of recall", 1), ("choice of modular sum", 1), ("choice of transliteration", 1),
    }  # fmt: skip


def test_the_test_asks_every_kind_and_nothing_twice(asked):
    counts = Counter(map(task_of, asked[0]))
    assert len(set(asked[0])) == len(asked[0])
    assert counts == {(s.task, s.length): 30 if s.task == "recall" else 25 for s in SKILLS}
    skills = [SKILLS[i] for i in TASK.skills()]
    assert [(s.task, s.length) for s in skills] == [task_of(q) for q in asked[0]]
    for i, skill in enumerate(SKILLS):
        assert asked[2][TASK.skills() == i].sum() == pytest.approx(skill.share / 100)
    recall = asked[2][:30]
    assert recall[0] / recall[29] == pytest.approx(30)


def test_reversed_answers_are_the_same_read_backwards():
    other = replace(TASK, reversed_answer=True)
    for q, a, b in zip(
        TASK.text(TASK.test().prompts),
        TASK.text(TASK.test().answers),
        TASK.text(other.test().answers),
        strict=True,
    ):
        a, b = a.rstrip(), b.rstrip()
        turned = task_of(q)[0] in ("addition", "multiplication")
        assert b == (a[-2::-1] + "." if turned else a)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"keys": 1}, "keys"), ({"exponent": -1.0}, "exponent"), ({"tests": 0}, "tests")],
)
def test_what_is_out_of_range_is_named(change, field):
    with pytest.raises(FieldError, match=field):
        replace(TASK, **change)
    with pytest.raises(FieldError, match="batch"):
        TASK.draw(jax.random.key(0), 150)
    with pytest.raises(FieldError, match="watched"):
        replace(FAMILY, watched=0)


# -- the models ------------------------------------------------------------------------------------


def test_only_what_is_said_and_trained_on_counts():
    """The loss is the mean over symbols up to the end, written once more; kept questions have no slope."""
    params = quickly(lambda key: FAMILY.init(key, 8, TASK))(jax.random.key(1))
    batch = quickly(lambda key: TASK.draw(key, 100))(jax.random.key(2))
    nats, symbols = 0.0, 0
    plain = jax.tree.map(np.asarray, params)
    for prompt, answer, weight in zip(*map(np.asarray, batch), strict=True):
        if weight == 0:
            continue
        end = TASK.text(answer[None])[0].index(".")
        said = textbook(plain, [*prompt, *answer[:end]])[-end - 1 :]
        logs = said - np.log(np.exp(said).sum(axis=1, keepdims=True))
        nats -= logs[np.arange(end + 1), answer[: end + 1]].sum()
        symbols += end + 1
    loss = quickly(FAMILY.loss)
    assert float(loss(params, batch)) == pytest.approx(nats / symbols, rel=1e-4)
    # What stands behind an end is neither asked nor seen by what is.
    behind = np.where(np.asarray(batch.answers) == mixture.BLANK, 3, np.asarray(batch.answers))
    counted = np.asarray(batch.answers) != mixture.BLANK
    losses = quickly(FAMILY.losses)
    before = np.asarray(losses(params, batch.prompts, batch.answers))[counted]
    after = np.asarray(losses(params, batch.prompts, jnp.asarray(behind)))[counted]
    np.testing.assert_allclose(before, after, atol=1e-6)


def test_answers_and_probabilities_are_the_textbooks(trained):
    params = jax.tree.map(np.asarray, one_seed(trained[0].params, 1))
    rows = trained[1][trained[1]["seed"] == 3].reset_index(drop=True)
    test, letters = TASK.test(), TASK.symbols
    for i in range(0, len(rows), 19):
        row, sequence, logs, first = rows.iloc[i], list(test.prompts[i]), [], None
        for symbol in test.answers[i][: len(row["target"])]:
            said = textbook(params, sequence)[-1]
            each = said - np.log(np.exp(said).sum())
            first = each if first is None else first
            logs.append(each[symbol])
            sequence.append(symbol)
        kept = row[[f"logprob_{k + 1}" for k in range(9)]].to_numpy(float)
        np.testing.assert_allclose(kept[: len(logs)], logs, atol=1e-4)
        assert np.isnan(kept[len(logs) :]).all()
        choices = row[[f"choice_{k + 1}" for k in range(4)]].to_numpy(float)
        if row["task"].startswith("choice"):
            np.testing.assert_allclose(
                choices, first[[letters.index(c) for c in "ABCD"]], atol=1e-4
            )
        else:
            assert np.isnan(choices).all()
        sequence = list(test.prompts[i])
        while len(sequence) < 13 + 9 and letters[sequence[-1]] != ".":
            sequence.append(int(textbook(params, sequence)[-1].argmax()))
        assert row["greedy"] == TASK.text(np.array([sequence[13:]]))[0]


def test_rows_are_what_the_task_asks(trained, asked):
    rows = trained[1]
    assert list(rows.columns) == [
        "size", "params", "seed", "item", "task", "length", "weight", "prompt", "target", "greedy", "sample_1",
        *[f"logprob_{i}" for i in range(1, 10)], *[f"choice_{i}" for i in range(1, 5)],
    ]  # fmt: skip
    mine = rows[rows["seed"] == 0]
    assert mine["prompt"].tolist() == [q.strip() for q in asked[0]]
    assert mine["target"].tolist() == [a.rstrip() for a in asked[1]]
    np.testing.assert_allclose(mine["weight"], asked[2], rtol=1e-6)
    for said in ("greedy", "sample_1"):
        ended = rows[said].str.endswith(".")
        assert (rows[said].str.count(r"\.") == ended).all()
        assert (rows.loc[~ended, said].str.len() == 9).all()
    history = runs.history(FAMILY, 8, TASK, trained[0])
    assert set(history["measure"]) == {"train_loss", "test_loss", "test_accuracy"}
    last = history[(history["step"] == 40) & (history["measure"] == "test_loss")]
    assert sorted(last["place"].unique()) == list(range(1, len(SKILLS) + 1))


def test_the_largest_may_have_fewer_seeds():
    family = replace(FAMILY, sizes=(4, 6), seeds=(5, 1, 2), large=6, few_seeds=1)
    assert [len(family.seeds_of(s)) for s in (2, 4, 6, 8)] == [3, 3, 1, 1]
    family = replace(family, training=Training(2, 100, 1e-2, every=2))
    found, rows = runs.train_size(family, 6, TASK)
    assert set(rows["seed"]) == {5}
    assert len(runs.history(family, 6, TASK, found)["seed"].unique()) == 1
    assert "fewer seeds" in " ".join(runs.settings({**asdict(family), "kind": family.kind}))


# -- scores ----------------------------------------------------------------------------------------


def test_scores_are_those_of_the_answers_counted_by_hand(trained):
    rows = trained[1]
    table = ladder_scores.scores(Bundle(rows, {}, pd.DataFrame()), "run")
    assert list(table.columns) == list(ladder_scores.SCORES)
    kinds = [(s.task, s.length) for s in SKILLS] + [(ladder_scores.MIXTURE, 0)]
    assert len(table) == 2 * len(kinds)
    for score in table.itertuples():
        mixed = score.task == ladder_scores.MIXTURE
        nats = symbols = whole = right = distance = chance = choices = among = squares = n = 0.0
        for row in rows[rows["seed"] == score.seed].to_dict("records"):
            if not mixed and (row["task"], row["length"]) != (score.task, score.length):
                continue
            w, n = row["weight"], n + 1
            logs = [row[f"logprob_{i}"] for i in range(1, 1 + len(row["target"]))]
            nats, symbols, whole = nats - w * sum(logs), symbols + w * len(logs), whole + w
            right += w * (row["greedy"] == row["target"])
            distance += w * Levenshtein.distance(row["greedy"], row["target"])
            chance += w * math.exp(sum(logs))
            if row["task"].startswith("choice"):
                mass = [math.exp(row[f"choice_{i}"]) for i in range(1, 5)]
                mass, at = [m / sum(mass) for m in mass], "ABCD".index(row["target"][0])
                choices += w
                among += w * (max(mass) == mass[at])
                squares += w * sum((m - (i == at)) ** 2 for i, m in enumerate(mass))
        assert score.n == n
        assert score.loss == pytest.approx(nats / symbols, rel=1e-5)
        assert score.exact_match == pytest.approx(right / whole)
        assert score.edit_distance == pytest.approx(distance / whole)
        assert score.expected_exact_match == pytest.approx(chance / whole, rel=1e-4)
        if choices:
            assert score.accuracy == pytest.approx(among / choices)
            assert score.brier == pytest.approx(squares / choices, rel=1e-4)
        else:
            assert math.isnan(score.accuracy)
            assert math.isnan(score.brier)


def test_records_are_read_as_any_others_and_grade_the_same(trained):
    bundle = Bundle(trained[1], {"run": "0123456789abcdef"}, pd.DataFrame())
    table = ladder_scores.scores(bundle)
    written, chosen = (ladder_scores.records(bundle, output=o) for o in ("greedy", "choices"))
    assert len(written) == len(trained[1])
    for found, column in ((written, "exact_match"), (chosen, "accuracy")):
        assert list(found.columns) == list(RECORDS)
        for _, seed in found.groupby("run", observed=True):
            again = grade(seed, seed["metric"].iloc[0])
            np.testing.assert_array_equal(again["score"], seed["score"])
        plain = table[(table["task"] != "recall") & (table["task"] != "all")]
        assert (plain.groupby("task")["n"].first() == 25).all()  # each question counts the same
        mean = found.groupby(["task", "setting", "run"], observed=True)["score"].mean()
        for row in plain.dropna(subset=column).itertuples():
            at = (row.task, f"length {row.length}", f"seed {row.seed}")
            assert mean[at] == pytest.approx(getattr(row, column))
    assert all(
        len(p) == len(t) for p, t in zip(written["logprobs"], written["target"], strict=True)
    )
    assert set(chosen["target"]) == set("0123")
    with pytest.raises(UnknownNameError, match="sample_1"):
        ladder_scores.records(bundle, output="sample_7")


def test_the_command_trains_ladders_and_writes_their_table(tmp_path, monkeypatch):
    from mirage_utils.cli import main
    from mirage_utils.models import catalogue

    tiny = replace(FAMILY, sizes=(4,), seeds=(1,), training=Training(2, 100, 1e-2, every=2))
    monkeypatch.setattr(catalogue, "LADDERS", {"ladder": {"quick": tiny}})
    monkeypatch.setattr(catalogue, "FAMILIES", catalogue.LADDERS)
    assert main.main(["families", "ladder", "--out", str(tmp_path), "--quiet"]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ladder", "ladder.csv"]
    table = pd.read_csv(tmp_path / "ladder.csv")
    assert list(table.columns) == list(ladder_scores.SCORES)
    found = results.read(tmp_path / "ladder" / "manifest.json")
    pd.testing.assert_frame_equal(table, ladder_scores.scores(found), check_dtype=False)


def test_the_table_holds_every_finished_family_of_the_folder(tmp_path, monkeypatch):
    from mirage_utils.cli import main
    from mirage_utils.models import catalogue

    tiny = replace(FAMILY, sizes=(4,), seeds=(1,), training=Training(2, 100, 1e-2, every=2))
    twins = {name: {"quick": tiny} for name in ("ladder", "ladder_same_compute")}
    monkeypatch.setattr(catalogue, "LADDERS", twins)
    monkeypatch.setattr(catalogue, "FAMILIES", twins)
    for name in ("ladder_same_compute", "ladder"):  # one after the other, not in the table's order
        assert main.main(["families", name, "--out", str(tmp_path), "--quiet"]) == 0
    assert pd.read_csv(tmp_path / "ladder.csv")["run"].unique().tolist() == list(twins)


def test_a_folder_of_another_profile_is_noticed_before_anything_is_trained(
    tmp_path, monkeypatch, capsys
):
    from mirage_utils.cli import main
    from mirage_utils.models import catalogue

    tiny = replace(FAMILY, sizes=(4, 8), seeds=(1,), training=Training(2, 100, 1e-2, every=2))
    longer = replace(tiny, training=Training(4, 100, 1e-2, every=2))
    twins = {n: {"quick": tiny, "desk": longer} for n in ("ladder", "ladder_same_compute")}
    monkeypatch.setattr(catalogue, "LADDERS", twins)
    monkeypatch.setattr(catalogue, "FAMILIES", twins)
    asked = ["families", "--out", str(tmp_path), "--quiet"]
    # Only the smallest size of the second family is there; the first and the largest would be trained before it.
    runs.run(
        replace(tiny, sizes=(4,)), tiny.load(), tmp_path / "ladder_same_compute", progress=False
    )
    assert runs.left(tiny, tiny.load(), tmp_path / "ladder_same_compute") == [8]
    assert main.main([*asked, "ladder", "ladder_same_compute", "--profile", "desk"]) == 1
    said = capsys.readouterr().err
    assert "size-4" in said
    assert "give another folder" in said
    assert not (tmp_path / "ladder").exists()
    assert not (tmp_path / "ladder_same_compute" / "size-8").exists()


# -- what is planned, and what is bundled ----------------------------------------------------------


def test_the_profiles_are_what_the_book_says():
    quick, desk, full = (runs.family("ladder", p) for p in ("quick", "desk", "full"))
    assert type(quick) is type(desk) is type(full)
    counts = [desk.count(s, desk.task) for s in desk.sizes]
    assert counts[-1] >= 100 * counts[0]
    assert len(counts) >= 8
    assert [len(desk.seeds_of(s)) for s in desk.sizes] == [5] * (len(counts) - 2) + [3] * 2
    assert len({desk.training_of(s).steps for s in desk.sizes}) == 1
    assert full.count(max(full.sizes), full.task) >= 9e6


@pytest.mark.parametrize("profile", ["quick", "desk", "full"])
def test_the_second_cut_is_the_same_family_with_the_same_compute(profile):
    first, second = (runs.family(n, profile) for n in ("ladder", "ladder_same_compute"))
    assert first.task == second.task
    assert set(second.sizes) <= set(first.sizes)
    spent = [
        6 * second.count(s, second.task) * second.places * t.batch * t.steps
        for s in second.sizes
        for t in [second.training_of(s)]
    ]
    assert max(spent) / min(spent) < 1.25
    # One size of the first is as good as in the second: the cuts meet there.
    own = [
        6 * first.count(s, first.task) * first.places * t.batch * t.steps
        for s in second.sizes
        for t in [first.training_of(s)]
    ]
    assert min(abs(np.log(x / second.compute)) for x in own) < 0.25


BUNDLED = [name for name in models.bundles() if name in LADDERS]


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundle_is_a_run_of_its_profile_and_its_table_is_computed_from_it(name):
    found = models.bundled(name)
    family = runs.family(name, found.manifest["profile"])
    assert found.manifest["config"] == {
        "kind": family.kind, **json.loads(json.dumps(asdict(family)))
    }  # fmt: skip
    assert found.manifest["data"] == family.load().describe()
    frame = found.frame
    assert not frame.duplicated(["size", "seed", "item"]).any()
    seeds = frame.groupby("size")["seed"].unique()
    assert {s: tuple(sorted(seeds[s])) for s in family.sizes} == {
        s: family.seeds_of(s) for s in family.sizes
    }
    kept = tables.load_table("ladder").query("run == @name").reset_index(drop=True)
    made = ladder_scores.scores(found, name)
    pd.testing.assert_frame_equal(kept, made, rtol=1e-5, atol=1e-7, check_dtype=False)
