"""The fits of the closed form, against statsmodels, brute force and simulation."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import integrate, stats
from threadpoolctl import threadpool_info, threadpool_limits

from mirage_utils import Curve, FieldError, ScalingLaw, laws, tables
from mirage_utils.evidence import curve_of
from mirage_utils.laws import FLOOR, LAWS, OVERDISPERSED, STRAIGHT, TWO_KINDS, UNEQUAL, fitting
from mirage_utils.metrics import EXACT_MATCH

REFERENCE = 6.66e9
TABLE = tables.load_table("gpt3_arithmetic")


def gpt3(task, setting="few-shot"):
    return curve_of(TABLE, task, setting)


def simulated(rate, n=2000, seed=0):
    sizes = gpt3("2D+").scale
    return Curve(sizes, np.random.default_rng(seed).binomial(n, rate(sizes)) / n, n)


@pytest.mark.parametrize("task", ["2D+", "2D-", "3D+", "3D-", "4D+", "2Dx", "1DC"])
@pytest.mark.parametrize("setting", ["zero-shot", "one-shot", "few-shot"])
def test_the_line_is_the_generalised_linear_model_of_statsmodels(task, setting):
    """Binomial counts with a log-log link are the closed form; another package must agree."""
    c = gpt3(task, setting)
    u = np.log(c.scale / REFERENCE)
    counts = np.stack([c.counts, c.n - c.counts], axis=1)
    link = sm.families.links.LogLog()  # accuracy = exp(-exp(-eta)), so eta = alpha u - a
    other = sm.GLM(counts, sm.add_constant(u), sm.families.Binomial(link)).fit(
        maxiter=200, tol=1e-12
    )
    mine = laws.fit(STRAIGHT, c, reference=REFERENCE)
    assert mine.dof == other.df_resid

    def exact(a, alpha):
        return stats.binom.logpmf(c.counts, c.n, np.exp(-np.exp(a - alpha * u))).sum()

    # Nobody's estimate may be likelier than ours, by scipy's binomial ...
    theirs = exact(-other.params[0], other.params[1])
    assert mine.log_likelihood == pytest.approx(exact(mine["a"], mine["alpha"]), abs=1e-6)
    assert mine.log_likelihood >= theirs - 1e-6
    # ... and the two agree unless a fitted accuracy is so small that statsmodels clips it (at the
    # rounding error of 1), which one lucky answer of the smallest model can bring about.
    if mine.accuracy(c.scale).min() > 1e-12:
        assert mine["a"] == pytest.approx(-other.params[0], abs=2e-3)
        assert mine["alpha"] == pytest.approx(other.params[1], abs=2e-3)
        assert mine.deviance == pytest.approx(other.deviance, rel=1e-4, abs=1e-3)
    else:
        assert task in ("3D-", "4D+")


def test_a_curve_that_comes_again_is_not_fitted_again(monkeypatch):
    c = simulated(lambda n: 0.3 + 0 * n, seed=11)
    again = Curve(c.scale, c.score, c.n)
    one = laws.fit(FLOOR, c, reference=REFERENCE)
    chance = laws.monte_carlo_p(one, draws=5, seed=1)
    belief = laws.posterior(FLOOR, c, reference=REFERENCE, points=1000)
    with monkeypatch.context() as m:
        m.setattr(fitting.optimize, "minimize", None)  # would fail if called
        same = laws.fit(FLOOR, again, reference=REFERENCE)
        assert laws.monte_carlo_p(same, draws=5, seed=1) == chance
        assert laws.posterior(FLOOR, again, reference=REFERENCE, points=1000) is belief
    assert same is one
    for other in (
        laws.fit(FLOOR, c, reference=2 * REFERENCE),
        laws.fit(FLOOR, c, reference=REFERENCE, fixed={"g": 0.1}),
        laws.fit(FLOOR, c, reference=REFERENCE, start=one.theta),
        laws.fit(STRAIGHT, c, reference=REFERENCE),
    ):
        assert other is not one
    with pytest.raises(ValueError, match="read-only"):
        one.theta[0] = 0.0  # it belongs to everybody who fits this curve


def test_a_fit_keeps_linear_algebra_to_one_thread(monkeypatch):
    """Its threads only wait for one another over two numbers: eight times the processor time."""
    threads, minimize = set(), fitting.optimize.minimize

    def watched(*args, **named):
        threads.update(
            pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"
        )
        return minimize(*args, **named)

    monkeypatch.setattr(fitting.optimize, "minimize", watched)
    with threadpool_limits(2, user_api="blas"):
        laws.fit(STRAIGHT, simulated(lambda n: 0.4 + 0 * n, seed=12), reference=REFERENCE)
        after = {p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"}
    assert threads == {1}
    assert after == {2}


def test_the_line_finds_the_closed_form_back():
    law, L = ScalingLaw(0.6, 2e9), 4
    c = simulated(lambda N: EXACT_MATCH.expected(law.probability(N), L=L), n=200_000)
    found = laws.fit(STRAIGHT, c, reference=law.N_c)
    assert found["alpha"] == pytest.approx(0.6, abs=0.01)
    assert found["a"] == pytest.approx(np.log(L), abs=0.01)  # the intercept at N_c is ln L
    assert found.p_value > 1e-3


@pytest.mark.parametrize("law", [*LAWS[1:], TWO_KINDS], ids=lambda law: law.name)
@pytest.mark.parametrize(
    "key", [("2D+", "one-shot"), ("2Dx", "one-shot"), ("1DC", "one-shot"), ("4D-", "few-shot")]
)
def test_a_richer_law_never_fits_worse_than_the_line(law, key):
    line = laws.fit(STRAIGHT, gpt3(*key), reference=REFERENCE)
    assert (
        laws.fit(law, gpt3(*key), reference=REFERENCE).log_likelihood >= line.log_likelihood - 1e-3
    )


@pytest.mark.parametrize("law", [*LAWS, TWO_KINDS], ids=lambda law: law.name)
def test_no_random_point_beats_the_fit(law):
    """The maximum is global as far as 20,000 random parameters can tell."""
    rng = np.random.default_rng(7)
    for key in (("2D-", "zero-shot"), ("3D+", "few-shot"), ("1DC", "zero-shot")):
        c = gpt3(*key)
        best = laws.fit(law, c, reference=REFERENCE)
        boxes = np.array([q.box for q in law.parameters])
        z = rng.uniform(boxes[:, 0], boxes[:, 1], (20_000, len(boxes)))
        theta = [np.exp(z[:, j]) if q.log else z[:, j] for j, q in enumerate(law.parameters)]
        tried = law.log_likelihood(c, REFERENCE, [t[:, None] for t in theta]).sum(axis=1)
        assert tried.max() <= best.log_likelihood + 1e-6


def test_the_laws_meet_in_the_line():
    u = np.linspace(-4, 4, 9)
    line = STRAIGHT.accuracy(u, (0.3, 0.7))
    assert FLOOR.accuracy(u, (0.3, 0.7, 0.0)) == pytest.approx(line)
    assert UNEQUAL.accuracy(u, (0.3, 0.7, 1e-7)) == pytest.approx(line, rel=1e-5)
    by_name = {law.name: law for law in LAWS}
    assert by_name["irreducible"].accuracy(u, (0.3, 0.7, 0.0)) == pytest.approx(line)


def test_unequal_items_are_a_gamma_mixture():
    """Against numerical integration of exp(-difficulty x loss) over gamma-distributed difficulty."""
    a, alpha, v, at = 0.4, 0.6, 1.5, -1.2
    loss_at_reference = (np.exp(v * np.exp(a)) - 1) / v
    loss = loss_at_reference * np.exp(-alpha * at)
    difficulty = stats.gamma(1 / v, scale=v)
    # integrate over the quantile, where the density's pole at zero does no harm
    mixture, _ = integrate.quad(lambda q: np.exp(-difficulty.ppf(q) * loss), 0, 1, limit=400)
    assert UNEQUAL.accuracy(at, (a, alpha, v)) == pytest.approx(mixture, rel=1e-4)


def test_overdispersed_counts_are_scipys_beta_binomial():
    c, rho = gpt3("2Dx"), 0.02
    theta = (1.0, 0.2, rho)
    A = OVERDISPERSED.accuracy(np.log(c.scale / REFERENCE), theta)
    size = 1 / rho - 1
    expected = stats.betabinom.logpmf(c.counts, c.n, A * size, (1 - A) * size)
    assert OVERDISPERSED.log_likelihood(c, REFERENCE, theta) == pytest.approx(expected, rel=1e-8)


def test_pooled_lengths_are_the_mixture_of_lines():
    law = laws.pooled_lengths({1: 0.25, 3: 0.75})
    u = np.linspace(-3, 3, 7)
    p = np.exp(-np.exp(0.2 - 0.5 * u))
    assert law.accuracy(u, (0.2, 0.5)) == pytest.approx(0.25 * p + 0.75 * p**3)
    with pytest.raises(FieldError, match="weights"):
        laws.pooled_lengths({1: 0.5})


# -- goodness of fit ------------------------------------------------------------------------------


def test_p_values_are_uniform_when_the_law_is_true():
    """5 % tests reject about 5 % of curves that obey, by chi-squared and by simulation."""

    def law(N):
        return np.exp(-np.exp(0.9 - 0.3 * np.log(N / REFERENCE)))

    p = [
        laws.fit(STRAIGHT, simulated(law, seed=s), reference=REFERENCE).p_value for s in range(150)
    ]
    assert 1 <= np.sum(np.array(p) < 0.05) <= 17
    assert stats.kstest(p, "uniform").pvalue > 1e-3
    found = laws.fit(STRAIGHT, simulated(law, seed=1), reference=REFERENCE)
    assert laws.monte_carlo_p(found, draws=200, seed=0) == pytest.approx(found.p_value, abs=0.12)


def test_monte_carlo_p_rejects_what_it_should():
    found = laws.fit(STRAIGHT, gpt3("4D+"), reference=REFERENCE)
    assert laws.monte_carlo_p(found, draws=99, seed=0) == pytest.approx(0.01)
    assert found.p_value < 1e-6


@pytest.mark.parametrize(
    "law", [law for law in LAWS if not law.overdispersed], ids=lambda law: law.name
)
@pytest.mark.parametrize("task", ["2D+", "2Dx", "4D+"])
def test_refits_of_all_copies_at_once_are_those_of_one_at_a_time(law, task):
    found = laws.fit(law, gpt3(task), reference=REFERENCE)
    c = found.curve
    counts = np.random.default_rng(3).binomial(c.n, found.accuracy(c.scale), (8, len(c)))
    alone = [
        laws.fit(law, Curve(c.scale, k / c.n, c.n), reference=REFERENCE, start=found.theta)
        for k in counts
    ]
    together = fitting._refits(found, np.vstack([c.counts, counts]))
    assert together[0] == pytest.approx(found.log_likelihood, abs=1e-5)
    # Each is a climb to the nearest top; none may stop below the one that scipy's reaches.
    gain = together[1:] - [one.log_likelihood for one in alone]
    assert gain.min() > -1e-5
    if law is STRAIGHT:  # of one hill
        assert gain.max() < 1e-5


# -- posterior and prediction ---------------------------------------------------------------------


def test_the_posterior_is_the_normalised_likelihood():
    """Moments on the adaptive grid against quadrature over the whole prior."""
    c = gpt3("2Dx").up_to(7e9)
    grid = laws.posterior(STRAIGHT, c, reference=REFERENCE, points=40_000)
    mean = (grid.samples * grid.weights[:, None]).sum(axis=0)
    best = laws.fit(STRAIGHT, c, reference=REFERENCE)

    def density(log_alpha, a):
        ll = STRAIGHT.log_likelihood(c, REFERENCE, (a, np.exp(log_alpha))).sum()
        return np.exp(ll - best.log_likelihood)

    area = [
        best["a"] - 0.3,
        best["a"] + 0.3,
        np.log(best["alpha"]) - 1.5,
        np.log(best["alpha"]) + 1.2,
    ]
    total = integrate.dblquad(density, *area, epsabs=1e-6)[0]
    for i, f in enumerate((lambda t, a: a, lambda t, a: np.exp(t))):
        moment = integrate.dblquad(lambda t, a, f=f: f(t, a) * density(t, a), *area, epsabs=1e-6)[0]
        assert mean[i] == pytest.approx(moment / total, rel=2e-3)


@pytest.mark.parametrize(
    "key", [("2D+", "few-shot"), ("2D-", "zero-shot"), ("2Dx", "few-shot"), ("1DC", "one-shot")]
)
@pytest.mark.parametrize("law", LAWS[:5], ids=lambda law: law.name)
def test_a_finer_grid_changes_no_prediction_much(law, key):
    c = gpt3(*key).up_to(7e9)
    ends = [
        laws.posterior(law, c, reference=REFERENCE, points=points)
        .predict(12.85e9, 2000, seed=0).interval
        for points in (64_000, 300_000)
    ]  # fmt: skip
    # relative to the width of the finer interval
    span = ends[1].high - ends[1].low
    assert np.abs(np.subtract(*ends)).max() < 0.05 * span + 0.003


def test_predictive_intervals_cover_about_as_often_as_they_say():
    def law(N):
        return np.exp(-np.exp(1.0 - 0.25 * np.log(N / REFERENCE)))

    hits = 0
    for seed in range(80):
        c = simulated(law, seed=seed)
        belief = laws.posterior(STRAIGHT, c.up_to(7e9), reference=REFERENCE, points=4_000)
        low, high = belief.predict(c.scale[-1], 2000, seed=seed, draws=4_000).interval
        hits += low <= c.score[-1] <= high
    assert 70 <= hits <= 80  # 95 % of 80 is 76, standard deviation 1.9


def test_log_scores_sum_to_one_over_all_counts():
    belief = laws.posterior(FLOOR, gpt3("2Dx").up_to(7e9), reference=REFERENCE, points=3_000)
    total = sum(
        np.exp(belief.predict(1.3e10, 50, observed=k, draws=2, seed=0).log_score) for k in range(51)
    )
    assert total == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(("law", "task"), [(LAWS[1], "4D+"), (LAWS[4], "4D-")])
def test_the_grid_settles_where_it_once_went_to_and_fro(law, task):
    belief = laws.posterior(law, gpt3(task).up_to(7e9), reference=REFERENCE, points=64_000)
    assert belief.weights.sum() == pytest.approx(1)
    low, high = belief.interval("a")
    assert low < high


def test_a_curve_without_a_right_answer_predicts_nothing():
    empty = gpt3("5D+").up_to(7e9)
    assert empty.counts.sum() == 0
    low, high = (
        laws.posterior(STRAIGHT, empty, reference=REFERENCE, points=4_000)
        .predict(1.7e11, 2000, seed=0)
        .interval
    )
    assert high - low > 0.9


# -- slopes ---------------------------------------------------------------------------------------


def test_local_slopes_are_those_worked_out_beforehand():
    """GPT-3 few-shot, 2.7B to 6.7B, to 13B, to 175B (an independent calculation)."""
    expected = {
        "2D+": (-0.14, -1.96, -3.28), "2D-": (-0.29, -1.71, -1.56), "3D+": (-0.04, -0.98, -0.93),
        "3D-": (-0.11, -0.98, -1.41), "4D+": (0.00, -0.24, -0.53), "4D-": (0.09, -0.46, -0.55),
        "2Dx": (-0.13, -0.08, -0.29), "1DC": (-0.08, -0.17, -0.15),
    }  # fmt: skip
    for task, slopes in expected.items():
        found = [s.median for s in laws.local_slopes(gpt3(task), seed=0)[-3:]]
        assert found == pytest.approx(slopes, abs=0.02), task
    bend = laws.local_slopes(gpt3("2D+"), seed=0)[-2]
    assert bend.interval == pytest.approx((-2.09, -1.82), abs=0.02)


def test_local_slopes_of_the_closed_form_are_its_exponent():
    c = simulated(lambda N: np.exp(-np.exp(0.5 - 0.4 * np.log(N / REFERENCE))), n=1_000_000)
    for s in laws.local_slopes(c, seed=0):
        assert s.interval.low - 0.01 <= -0.4 <= s.interval.high + 0.01


def test_curves_of_one_exponent_share_it_and_others_do_not():
    def line(a, alpha):
        return lambda N: np.exp(-np.exp(a - alpha * np.log(N / REFERENCE)))

    same = [simulated(line(a, 0.3), seed=i) for i, a in enumerate((0.2, 0.7, 1.0))]
    alpha, statistic, p = laws.shared_slope(STRAIGHT, same, reference=REFERENCE)
    assert alpha == pytest.approx(0.3, abs=0.02)
    assert p > 1e-3
    assert statistic >= 0
    other = [*same[:2], simulated(line(1.0, 0.5), seed=9)]
    assert laws.shared_slope(STRAIGHT, other, reference=REFERENCE)[2] < 1e-6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: laws.fit(STRAIGHT, Curve([1, 2, 3], [0, 0.5, 1]), reference=1),
            "^curve = None",
        ),
        (lambda: laws.fit(FLOOR, Curve([1, 2], [0, 1], 5), reference=1), "^curve = 2"),
        (lambda: laws.fit(STRAIGHT, gpt3("2D+"), reference=-1), "^reference = -1"),
        (
            lambda: laws.fit(STRAIGHT, gpt3("2D+"), reference=1e9, fixed={"g": 0.1}),
            "^fixed = 'g'",
        ),
        (lambda: laws.fit(STRAIGHT, gpt3("2D+"), reference=1e9)["g"], "^parameter = 'g'"),
        (
            lambda: laws.fit(STRAIGHT, gpt3("2D+"), reference=1e9, fixed={"a": 1, "alpha": 1}),
            "^fixed = ",
        ),
        (lambda: laws.linearise(1.5), "^score = 1.5"),
        (
            lambda: laws.posterior(STRAIGHT, gpt3("2D+"), reference=1e9, points=5),
            "^points = 5",
        ),
    ],
)
def test_wrong_questions_are_refused(call, message):
    with pytest.raises(FieldError, match=message):
        call()
