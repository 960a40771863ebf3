"""Item response theory for probabilities: simulated truth is found, and rivals gain nothing where there is nothing to gain."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special, stats

from mirage_utils.errors import FieldError, UnknownNameError
from mirage_utils.evidence.abilities import (
    MODELS,
    fit_abilities,
    folds,
    held_out,
    made_by,
    measured,
    surprise,
)
from mirage_utils.evidence.agreement import by_twins, pair_agreement
from mirage_utils.evidence.few_items import ahead, few_items
from mirage_utils.evidence.single_items import single_items, spread, spread_by_items

RNG = np.random.default_rng(0)
ABILITY, DIFFICULTY = np.linspace(-3, 3, 24), RNG.normal(0, 1.5, 40)
RASCH = special.expit(ABILITY[:, None] - DIFFICULTY)


def test_what_made_a_table_is_found():
    found = fit_abilities(RASCH)
    assert np.abs(found.probability() - RASCH).max() < 0.03
    assert np.corrcoef(found.difficulty, DIFFICULTY)[0, 1] > 0.999
    steep = np.exp(RNG.normal(0, 0.5, 40))
    sloped = special.expit(steep * (ABILITY[:, None] - DIFFICULTY))
    assert np.corrcoef(fit_abilities(sloped, "slopes").slope, np.log(steep))[0, 1] > 0.9


@pytest.mark.parametrize("model", MODELS)
def test_the_derivatives_lead_to_a_minimum(model):
    # near the end no small change of any free part makes the fit better by more than a hair
    table = np.clip(RASCH + RNG.normal(0, 0.05, RASCH.shape), 0, 1)
    found = fit_abilities(table, model)

    def misfit(step):
        moved = special.logit(found.probability()) + step
        return float((np.logaddexp(0, moved) - table * moved).sum())

    if model != "difficulty":  # a network's mean is met, up to the weak prior
        off = found.probability().mean(axis=1) - table.mean(axis=1)
        assert np.abs(off).max() < 0.01
    best = optimize.minimize_scalar(misfit, bounds=(-1, 1), method="bounded").x
    assert abs(best) < 0.02


def test_rivals_gain_only_where_there_is_something():
    table = made_by(
        fit_abilities(RASCH), np.clip(RASCH + RNG.normal(0, 0.03, RASCH.shape), 0, 1), RNG
    )
    left = {m: held_out(table, m).mean() for m in MODELS}
    assert left["rasch"] < 0.3 * min(left["ability"], left["difficulty"])
    assert left["two"] > 0.9 * left["rasch"]
    kinds = np.repeat([0, 1], 20)
    two = special.expit(np.stack([ABILITY, RNG.permutation(ABILITY)])[kinds].T - DIFFICULTY)
    assert held_out(two, "two").mean() < 0.5 * held_out(two, "rasch").mean()


def test_hidden_cells_do_not_matter():
    group = folds(RASCH.shape, 5)
    changed = np.where(group == 0, 0.5, RASCH)
    first, second = (fit_abilities(t, seen=group != 0).probability() for t in (RASCH, changed))
    assert np.allclose(first, second)


def test_surprise_is_what_the_log_score_loses():
    p, q = 0.3, 0.6
    log_score = -(p * np.log(q) + (1 - p) * np.log(1 - q))
    own = -(p * np.log(p) + (1 - p) * np.log(1 - p))
    assert surprise(p, q) == pytest.approx(log_score - own)


def test_other_networks_are_measured_on_few_items():
    calibrated = fit_abilities(RASCH)
    new = special.expit(np.array([[-1.0], [2.0]]) - DIFFICULTY)
    hard = np.argsort(DIFFICULTY)[-8:]
    found = measured(new[:, hard], calibrated, hard)
    assert found.probability().mean(axis=1) == pytest.approx(new.mean(axis=1), abs=0.03)
    assert np.all(np.abs(new[:, hard].mean(axis=1) - new.mean(axis=1)) > 0.15)


def test_few_items_and_no_items():
    size = np.repeat([1.0, 2, 4, 8, 16, 32], 3)
    theta = 2 * np.log2(size) - 5
    table = special.expit(theta[:, None] - RNG.normal(0, 2, 200))
    found = few_items(table, size, few=20, draws=50)
    assert found.errors[1] < 0.3 * found.errors[0]
    graded = few_items(table, size, few=20, draws=50, answers=True)
    assert graded.errors[1] > found.errors[1]
    same = few_items(np.tile(table[9:12], (2, 1)), np.repeat([1, 2], 3), few=20, draws=50)
    assert same.errors[2] < 0.5 * same.errors[0]  # the items are as easy as they were
    early = few_items(table, size, few=20, draws=50, known=4)
    assert found.errors[1] < early.errors[1]
    predicted = ahead(table, size)
    assert np.abs(predicted["ability"] - predicted["truth"]).max() < 0.03
    with pytest.raises(FieldError, match="known"):
        few_items(table, size, known=0.5)
    with pytest.raises(FieldError, match="few"):
        few_items(table, size, few=500)
    with pytest.raises(FieldError, match="sizes"):
        ahead(table, size, fewest=6)


def test_laws_of_the_score_go_on_along_their_lines():
    size = np.repeat(np.geomspace(1, 32, 6), 2)
    score = special.expit(1.1 * np.log(size) - 9)  # far below any floor at first, and still a line
    predicted = ahead(np.repeat(score[:, None], 8, axis=1), size)
    assert predicted["score"].to_numpy() == pytest.approx(np.unique(score)[4:], rel=1e-3)
    straight = ahead(np.repeat(0.2 + 0.1 * np.log(size)[:, None], 8, axis=1), size)
    assert straight["step"].to_numpy() == pytest.approx(straight["truth"].to_numpy())


def test_pairs_agree_as_ranks_do():
    table = special.expit(RNG.normal(size=(6, 30)) + 0.7 * RNG.normal(size=30))
    each = [stats.spearmanr(table[i], table[j])[0] for i in range(6) for j in range(i)]
    assert pair_agreement(table) == pytest.approx(np.mean(each))
    assert pair_agreement(special.logit(table)) == pytest.approx(np.mean(each))
    assert pair_agreement([*table, np.ones(30)]) == pytest.approx(np.mean(each))  # has no order
    grouped = pair_agreement(table, group=[0, 0, 1, 1, 2, 2])
    assert grouped == pytest.approx(
        np.mean([stats.spearmanr(*table[k : k + 2])[0] for k in (0, 2, 4)])
    )
    with pytest.raises(FieldError, match="order"):
        pair_agreement(np.ones((4, 5)))


def test_twins_are_moved_to_an_ability():
    size = np.repeat([1, 2], 12)
    away = np.abs(by_twins(RASCH, size) - RASCH).mean()
    moved = by_twins(RASCH, size, shift=True)
    assert np.abs(moved - RASCH).mean() < 0.3 * away
    group = folds(RASCH.shape, 5)  # a hidden answer does not enter its own prediction
    changed = np.where((group == 2) & (np.arange(24) == 3)[:, None], 0.0, RASCH)
    again = by_twins(changed, size, shift=True)
    assert np.allclose(again[3, group[3] == 2], moved[3, group[3] == 2])
    with pytest.raises(FieldError, match="two networks"):
        by_twins(RASCH, np.arange(24))


def test_items_of_its_own_for_each_network():
    calibrated = fit_abilities(RASCH)
    items = np.array([RNG.choice(40, 10, replace=False) for _ in range(24)])
    both = measured(np.take_along_axis(RASCH, items, axis=1), calibrated, items).ability
    one = [measured(RASCH[i : i + 1, items[i]], calibrated, items[i]).ability[0] for i in range(24)]
    assert both == pytest.approx(one)


def test_the_spread_of_a_mean_adds():
    x = np.geomspace(1, 1e4, 81)
    rises = np.clip(4 * (np.log10(x)[:, None] - RNG.uniform(0.5, 3, 30)), 0, 1)
    found = spread(x, rises)
    assert found.total == pytest.approx(found.within + found.between)
    # by a sample from the mixture
    at = RNG.integers(0, 30, 200_000)
    heights = RNG.random(at.size)
    places = np.array(
        [np.interp(heights[at == j], rises[:, j], np.log10(x)).var() for j in range(30)]
    )
    assert found.within == pytest.approx(places.mean(), rel=0.1)


def test_chance_does_not_spread_items():
    N = np.geomspace(1, 1e4, 11)
    curve = special.expit(6 * (np.log10(N) - 2))
    noisy = np.clip(curve[:, None, None] + RNG.normal(0, 0.1, (11, 5, 200)), 0, 1)
    alike = single_items(N, noisy).between
    assert alike.low < 0.02
    assert abs(alike.value) < 0.05
    apart = special.expit(6 * (np.log10(N)[:, None, None] - np.linspace(1, 3, 50)))
    unequal = single_items(N, np.repeat(apart, 3, axis=1))
    assert unequal.between.value > 0.6
    assert spread_by_items(N, np.repeat(apart, 3, axis=1)) == pytest.approx(unequal.between.value)
    assert unequal.run_width == pytest.approx(unequal.item_width.value)
    assert unequal.item_width.value < unequal.mean_width.value


def test_bad_input_is_named():
    with pytest.raises(UnknownNameError, match="model"):
        fit_abilities(RASCH, "threepl")
    with pytest.raises(FieldError, match="table"):
        fit_abilities([[0.5, 1.5]])
    with pytest.raises(FieldError, match="seen"):
        fit_abilities(RASCH, seen=[[True]])
    with pytest.raises(FieldError, match="items"):
        measured(RASCH, fit_abilities(RASCH), [0, 1])
    with pytest.raises(FieldError, match="rises"):
        spread([1, 2, 3], [[0], [0.5], [0.2]])
    with pytest.raises(FieldError, match="three runs"):
        single_items([1, 2], np.zeros((2, 2, 3)))
