"""The rows of the explorers' tables, computed a second time: by the library's functions, with NumPy."""

from __future__ import annotations

import csv
from importlib import resources

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from mirage_utils import ScalingLaw, laws, tables
from mirage_utils.curves import resolution
from mirage_utils.evidence import curves_of
from mirage_utils.metrics import (
    EXACT_MATCH,
    MULTIPLE_CHOICE_GRADE,
    TOKEN_EDIT_DISTANCE,
    get,
)
from mirage_utils.models.scores import share_below
from mirage_utils.page.explorers import metrics
from mirage_utils.page.explorers.families import skill_rows

SIZES = np.geomspace(1e7, 1e12, 11)


def law(alpha, N_c=1e9, E=0.0):
    N = 10 ** np.linspace(6, 12.95, 140)
    found = ScalingLaw(alpha, N_c, E)
    return pd.DataFrame({"N": N, "loss": found.cross_entropy(N), "p": found.probability(N)})


def one_token(alpha, N_c, E):
    return law(alpha, N_c, E)


def many_tokens(alpha, N_c, E, L, items):
    frame = law(alpha, N_c, E)
    return frame.assign(
        exact=EXACT_MATCH.expected(frame["p"], L=L),
        edits=TOKEN_EDIT_DISTANCE.expected(frame["p"], L=L) / L,
    )


def one_metric(metric, alpha, L, K, s, c, k):
    chosen, frame = get(metric), law(alpha)
    known = {"L": L, "m": L, "K": K, "s": s, "c": c, "k": k, "w": 4, "b": 4}
    given = {name: known[name] for name in chosen.parameters}
    return frame.assign(score=chosen.expected(frame["p"], **given))


def tail_of_easy_items(loss):
    """Items easier by a factor whose logarithm is exponentially distributed, in the explorer's steps of it."""
    step, rate = metrics._APART, metrics._TAIL
    ends = step * np.arange(28)
    chance = np.append(
        stats.expon.cdf(ends[1:], scale=1 / rate) - stats.expon.cdf(ends[:-1], scale=1 / rate),
        stats.expon.sf(ends[-1], scale=1 / rate),
    )
    return sum(
        float(f"{c:.4g}") * np.exp(-float(f"{5 * np.exp(-d):.4g}") * loss / 5)
        for c, d in zip(chance, ends + step / 2, strict=True)
    )


def assumptions(kind, strength):
    x = -10.5 + 0.15 * np.arange(110)
    loss, L = np.exp(-x), 5
    p = np.exp(-loss)
    plain = EXACT_MATCH.expected(p, L=L)
    share = strength / 10
    broken = {
        "two_kinds": lambda: (1 - 0.1 * share) * plain + 0.1 * share * EXACT_MATCH.expected(np.exp(-loss / 10_000), L=L),
        "tail": lambda: (1 - 0.3 * share) * plain + 0.3 * share * tail_of_easy_items(L * loss),
        "floor": lambda: 0.02 * share + (1 - 0.02 * share) * plain,
        # the negative-binomial chance of no failure
        "unequal": lambda: stats.nbinom.pmf(0, 1 / (4 * share), 1 / (1 + 4 * share * L * loss)) if share else plain,
        "dependent": lambda: p * (0.9 * share + (1 - 0.9 * share) * p) ** (L - 1),
        "entropy": lambda: EXACT_MATCH.expected(p * np.exp(-0.3 * share), L=L),
        "decoding": lambda: MULTIPLE_CHOICE_GRADE.expected(p, K=10, s=1 - 0.9 * share) ** L,
    }[kind]()  # fmt: skip
    return pd.DataFrame({"decades": x / np.log(10), "plain": plain, "broken": broken})


def tested(N, count, n, **more):
    low, high = resolution.binomial_interval(count, n)
    return pd.DataFrame(
        {"N": N, **more, "count": count, "share": count / n, "low": low, "high": high}
    )


def items(alpha, L, n):
    truth = EXACT_MATCH.expected(ScalingLaw(alpha, 1e9).probability(SIZES), L=L)
    uniforms = np.random.default_rng(0).random(len(SIZES))
    return tested(SIZES, stats.binom.ppf(uniforms, n, truth), n, truth=truth)


def ladder(L, items, sizes):
    eight = np.array([125e6, 356e6, 760e6, 1.32e9, 2.65e9, 6.66e9, 12.85e9, 174.6e9])
    tested = 10 ** np.linspace(8, 12.4, 23) if sizes == "many" else eight
    one = ScalingLaw(1.0, 2e9).probability(tested)
    # One number a size decides its draw, whatever the test; the four are of the eight.
    uniforms = np.random.default_rng(2023).random(len(tested))
    frame = pd.DataFrame(
        {"N": tested, "one": one, "all": one**L, "count": stats.binom(items, one**L).ppf(uniforms)}
    )
    return frame[1::2] if sizes == "four" else frame


def drawn_points(preset, **points):
    return pd.DataFrame({"model": np.arange(1, 9), "score": list(points.values())})


def error_bars(score, n, runs, luck, rho):
    items = np.round(10 ** np.arange(1, 4.0249, 0.05))
    between, own = (1 - luck) * score * (1 - score), luck * score * (1 - score) / runs
    z, both = stats.norm.ppf(0.975), stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    # Wilson's ends are the true scores that lie just 1.96 of their standard errors from this one.
    worth = items * score * (1 - score) / (between + own)
    ends = [np.roots([1 + z**2 / m, -(2 * score + z**2 / m), score**2]) for m in worth]
    return pd.DataFrame(
        {
            "items": items,
            "half": [np.ptp(each) / 2 for each in ends],
            "separate": both * np.sqrt(2 * (between + own) / items),
            "same": both * np.sqrt(2 * ((1 - rho) * between + own) / items),
        }
    )


def measured(task, metric, axis, n):
    gpt3, pythia = tables.load_table("gpt3_arithmetic"), tables.load_table("pythia_evals")
    frames = [gpt3[gpt3["setting"] == "few-shot"], pythia[(pythia["family"] == "Pythia") & (pythia["shots"] == 0)]]  # fmt: skip
    (curve,) = (
        c for f in frames for c in curves_of(f).curves if c.task == task and c.metric in ("exact_match", "acc")
    )  # fmt: skip
    used = np.minimum(n, curve.items)
    assert (used == curve.items).all(), "only the whole test is as measured"
    return tested(curve.scale, np.round(curve.score * curve.items), used, used=used)


def forecasts(task, law, seen):
    table = tables.load_table("gpt3_arithmetic")
    (curve,) = (
        c for c in curves_of(table[table["setting"] == "few-shot"]).curves if c.task == task
    )
    chosen = {each.name: each for each in (laws.STRAIGHT, laws.FLOOR, laws.TWO_KINDS)}[law]
    seen, last = int(seen), float(curve.scale[int(seen) - 1])
    points = 20_000 if len(chosen.parameters) < 4 else 100_000
    belief = laws.posterior(chosen, curve.up_to(last), reference=last, points=points)
    told = [belief.predict(float(s), int(n), seed=0).interval for s, n in zip(curve.scale[seen:], curve.n[seen:], strict=True)]  # fmt: skip
    low, high = np.transpose([*[(np.nan, np.nan)] * seen, *told])
    return pd.DataFrame({"N": curve.scale, "score": curve.score, "low": low, "high": high})


def threshold(sizes, errors):
    return lambda c: pd.DataFrame({"N": sizes, "share": share_below(errors, c)})


def lengths(params, share, expected):
    def rows(L, n):
        seen = share[:, L - 1]
        return pd.DataFrame(
            {
                "N": params, "share": seen, "expected": expected[:, L - 1],
                "zero": resolution.chance_of_zero(seen, n),
            }
        )  # fmt: skip

    return rows


skills = skill_rows


def two_metrics(cases):
    def rows(case, skip):
        size, harsh, soft = cases[case]
        frame = pd.DataFrame({"N": size, "harsh": harsh, "soft": soft})
        for metric in ("harsh", "soft"):
            best = frame[metric].iloc[skip:].cummax()
            height = best.iloc[-1] - best.iloc[0]
            frame[f"{metric}_own"] = (best - best.iloc[0]) / height if height else np.nan
        return frame

    return rows


def unequal_items(spread, width, n):
    """By Rasch's model: log-odds are ability less difficulty, and a straight line in log10 of size makes ability."""
    slope = (special.logit(0.9) - special.logit(0.1)) / width
    difficulty = slope * np.linspace(-spread / 2, spread / 2, n)

    def questions(u):
        return special.expit(slope * np.atleast_1d(u)[:, None] - difficulty)

    ends = [
        optimize.brentq(lambda u, level=level: questions(u).mean() - level, -9, 9, xtol=1e-14)
        for level in (0.1, 0.9)
    ]
    u = -3.5 + 0.05 * np.arange(141)
    p = questions(u)
    return pd.DataFrame(
        {
            "u": u, "easiest": p[:, 0], "hardest": p[:, -1], "test": p.mean(axis=1),
            "equal": special.expit(2 * np.log(9) * u / np.ptp(ends)),
        }
    )  # fmt: skip


def horizons(m, L, r, s):
    """The chain by its matrix: untouched, on the track after a slip, off it."""
    p, after = 1 - 1 / m, max(0.0, 1 - s / m)
    step = np.array([[p, 0, 1 - p], [0, after, 1 - after], [0, r, 1 - r]])
    lengths = np.round(10 ** (0.05 * np.arange(81))).astype(int)
    state, on = np.array([1.0, 0, 0]), []
    for _ in range(lengths[-1]):
        state = state @ step
        on.append(state[0] + state[1])
    on = np.array(on)
    ends = lengths - 1
    return pd.DataFrame(
        {
            "L": lengths, "alone": p**lengths, "success": on[ends], "on_track": np.cumsum(on)[ends] / lengths,
        }
    )  # fmt: skip


def products(parts, ratio, alpha, law):
    """Each part's score as a distribution function of size whose median is where the part is half-way, and the task's as that of their largest."""
    size = 10 ** (np.arange(161) * 0.05 - 4)
    scores = [d.cdf(size) for d in of_parts(parts, ratio, alpha, law)]
    task = np.prod(scores, axis=0)
    return pd.DataFrame({"size": size, "easiest": scores[0], "hardest": scores[-1], "task": task})


def of_parts(parts, ratio, alpha, law):
    """The parts, from the easiest to the hardest, whose median is one."""
    kind = {"loss": stats.invweibull, "odds": stats.fisk, "error": stats.pareto}[law]
    medians = np.geomspace(1 / ratio, 1, parts)
    return [kind(alpha, scale=m / kind(alpha).median()) for m in medians]


AUDITED = {
    "metric": ("mirage", "metric effect"), "unexplained": ("mirage", "not explained by the metric"),
    "resolution": ("mirage, scores only", "resolution effect"), "open": ("mirage, scores only", "cannot tell"),
    "scores-metric": ("mirage, scores only", "metric effect"),
}  # fmt: skip
LEAPS = {
    "real": "real leap", "part": "real leap after a part", "modest": "real leap after modesty", "unread": "unread answers",
}  # fmt: skip


def audited(verdict, others):
    """Verdicts of mirages and of other leaps in the file of the study, 1 where it is this one."""
    mirage, words = AUDITED[verdict]
    other = "real leap, scores only" if "scores" in mirage else LEAPS[others]
    text = (resources.files("mirage_utils.audit") / "data" / "study.csv").read_text()
    study = [r for r in csv.DictReader(text.splitlines()) if float(r["level"]) == 0.05]
    return [
        [r["verdict"] == words for r in study if r["truth"] == kind] for kind in (mirage, other)
    ]


def verdicts(s, verdict, others):
    """The share of mirages among a verdict by its odds, and the ends of its interval by those of two binomial shares."""
    before = np.arange(101) / 100
    seen = audited(verdict, others)
    mirage, other = (stats.binomtest(sum(k), len(k)).proportion_ci(0.975) for k in seen)

    def after(of_mirages, of_others):
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = before / (1 - before) * (np.float64(of_mirages) / np.float64(of_others))
            return np.where(before % 1 == 0, before, 1 - 1 / (1 + odds))

    both = all(sum(k) for k in seen)
    return pd.DataFrame(
        {
            "s": before, "after": after(*map(np.mean, seen)) if both else np.nan,
            "low": after(mirage.low, other.high), "high": after(mirage.high, other.low),
        }
    )  # fmt: skip
