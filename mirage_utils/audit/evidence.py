"""What can be said of each curve of an evaluation: rise, leap, floor, smooth law, seeds, forecast.

A *question* is one task of one family under one condition; a *trend* is one of its metrics over the
family's sizes. Everything here is a pure function of the table that `gather` makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from .. import closed_form
from ..curves import Curve
from ..emergence import adjust, calibrate, emergence_score, gaussian_null, p_value
from ..forecast import CONTENDERS, crps, forecast, interval_covers
from ..metrics import METRICS
from ..records.schema import is_share
from ..records.scores import condition
from ..resolution import items_to_see, zero_bound
from .gathering import LIKELIHOOD

__all__ = [
    "Emergence", "Foretold", "Gentle", "Leap", "Question", "Runs", "Smooth", "Trend", "emergences",
    "foretold", "gentle", "leap", "questions", "runs", "smooth",
]  # fmt: skip

LOSSES = frozenset(
    {"bits_per_byte", "bpb", "cross_entropy", "log_score", "loss", "nll", LIKELIHOOD}
)
"""Metrics that are a loss of the right answer, or its logarithm: no threshold, no rival answers."""
ANSWERS = frozenset(
    {
        "character_edit_distance", "digit_accuracy", "edit_distance", "longest_correct_prefix",
        "normalised_edit_distance", "rouge_l_sum", "token_accuracy", "token_edit_distance",
    }
)  # fmt: skip
"""Metrics that give credit for parts of an answer."""
FORECASTS = frozenset({"binary_brier", "brier", "brier_score", "target_brier"})
"""Metrics of the probability among choices: they move when a model only gets less sure."""


@dataclass(frozen=True)
class Trend:
    """One metric over the sizes of a family, in rising order.

    Attributes
    ----------
    metric : str
    direction : {"higher", "lower", ""}
    graded : {"file", "here"}
    scale : ndarray, shape (m,)
    score : ndarray, shape (m,)
        Mean over runs, as reported.
    error : ndarray, shape (m,)
        Standard error of the score over items; nan where unknown.
    n : ndarray of int, shape (m,), or None
        Items behind each score, all runs together.
    proportion : bool
        Scores are shares of n items right.
    skill, skill_error : ndarray, shape (m,)
        See `Gathered`; nan where unknown.
    runs : tuple of ndarray
        Scores of the single runs, for each size.
    """

    metric: str
    direction: str
    graded: str
    scale: NDArray[np.float64]
    score: NDArray[np.float64]
    error: NDArray[np.float64]
    n: NDArray[np.int64] | None
    proportion: bool
    skill: NDArray[np.float64]
    skill_error: NDArray[np.float64]
    runs: tuple[NDArray[np.float64], ...]

    def __len__(self) -> int:
        return self.scale.size

    @property
    def up(self) -> NDArray[np.float64]:
        """The score turned so that up is better."""
        return -self.score if self.direction == "lower" else self.score

    @property
    def counts(self) -> NDArray[np.int64]:
        """Right items of a proportion."""
        return np.rint(self.score * self.n).astype(np.int64)

    @property
    def curve(self) -> Curve:
        """A proportion as a curve of counts."""
        return Curve(self.scale, self.counts / self.n, self.n, name=self.metric)


@dataclass(frozen=True)
class Question:
    """One task of one family under one condition, with every metric there is of it.

    Attributes
    ----------
    family, task, setting : str
        The number of shots, where known, is part of the setting.
    trends : dict of str to Trend
    lengths : pandas.DataFrame
        Rows of `Gathered.lengths` of this question.
    """

    family: str
    task: str
    setting: str
    trends: Mapping[str, Trend]
    lengths: pd.DataFrame = field(repr=False)

    @property
    def name(self) -> str:
        """Task and setting."""
        return f"{self.task} ({self.setting})" if self.setting else self.task


def questions(scores: pd.DataFrame, lengths: pd.DataFrame) -> Iterator[Question]:
    """The questions of a gathered table, in its order.

    Models of one size in one family are runs of one another: seeds, say. A score that two files
    report alike counts once. Rows of models without a size make no trend.
    """
    sized = scores[scores["params"].notna() & scores["score"].notna()]
    keys = ["family", "task", "setting", "shots"]
    by_question = dict(iter(lengths.groupby(keys, dropna=False))) if len(lengths) else {}
    by_question = {_key(k): rows for k, rows in by_question.items()}
    for key, rows in sized.groupby(keys, sort=False, dropna=False):
        family, task, setting = map(str, key[:3])
        trends = {
            str(metric): _trend(str(metric), part)
            for metric, part in rows.groupby("metric", sort=False)
        }
        setting = condition(setting, key[3])
        yield Question(family, task, setting, trends, by_question.get(_key(key), lengths[:0]))


def _key(key: tuple) -> tuple:
    *names, shots = key
    return (*map(str, names), None if shots != shots else float(shots))


def _trend(metric: str, rows: pd.DataFrame) -> Trend:
    rows = rows.drop_duplicates(["model", "params", "score", "n"])
    given = sorted(set(rows["direction"]) - {""})
    scale, score, error, n, skill, skill_error, single = [], [], [], [], [], [], []
    for size, part in rows.groupby("params"):
        values = part["score"].to_numpy(float)
        items = part["n"].to_numpy(float)
        scale.append(float(size))
        score.append(values.mean())
        single.append(values)
        n.append(items.sum())
        errors = part["deviation"].to_numpy(float) / np.sqrt(items)
        error.append(np.sqrt((errors**2).sum()) / len(part))
        skill.append(part["skill"].mean() if part["skill"].notna().all() else np.nan)
        errors = part["skill_error"].to_numpy(float)
        skill_error.append(np.sqrt((errors**2).sum()) / len(part))
    score, n = np.array(score), np.array(n)
    within = bool(((score >= 0) & (score <= 1)).all())
    whole = bool(np.isfinite(n).all()) and bool((n >= 1).all())
    proportion = whole and within and is_share(metric)
    error = np.array(error)
    if whole and within and _bounded(metric) and np.isnan(error).any():
        # The largest that a mean of scores between 0 and 1 can have, and the very one of a share.
        most = np.sqrt(score * (1 - score) / n) if proportion else 0.5 / np.sqrt(n)
        error = np.where(np.isnan(error), most, error)
    return Trend(
        metric, given[0] if len(given) == 1 else "", str(rows["graded"].iloc[0]), np.array(scale),
        score, error, n.astype(np.int64) if whole else None, proportion, np.array(skill),
        np.array(skill_error), tuple(single),
    )  # fmt: skip


def _bounded(metric: str) -> bool:
    """Whether every item's score lies between 0 and 1, and not only the mean."""
    known = METRICS[metric].high == 1 if metric in METRICS else metric.lower() == "probability"
    return bool(known) or is_share(metric)


# -- rise and leap ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Leap:
    """The largest step of a trend.

    Attributes
    ----------
    at : int
        Index of the last size below it; -1 on a flat trend.
    share : float
        Of the whole range of scores.
    rise_p : float
        Chance that a trend without any rise shows such a split, corrected for its having been looked
        for at every step: Fisher's exact test for shares of items, a normal test where errors are
        known. Where nothing is known but the scores: the chance that noise has as high an emergence score,
        or as high a rank correlation with size (Kendall's), twice the smaller of the two.
    emergence : float
        Emergence score (equation 1 of Schaeffer et al. 2023).
    """

    at: int
    share: float
    rise_p: float
    emergence: float


def leap(trend: Trend) -> Leap:
    """Find the largest step, and whether anything rises at all."""
    y = trend.up
    whole = float(np.ptp(y))
    if len(trend) < 2 or whole == 0:
        return Leap(-1, float("nan"), 1.0, float("nan"))
    steps = np.diff(y)
    at = int(np.argmax(steps))
    score = float(emergence_score(y).value)
    tries = len(steps)
    if trend.proportion:
        k, n = trend.counts, trend.n
        table = [
            [k[: at + 1].sum(), (n - k)[: at + 1].sum()],
            [k[at + 1 :].sum(), (n - k)[at + 1 :].sum()],
        ]
        p = tries * float(stats.fisher_exact(table)[1])
    elif np.isfinite(trend.error).all():
        low, high = np.split(y, [at + 1])
        errors = np.split(trend.error, [at + 1])
        error = np.hypot(*(np.sqrt((e**2).sum()) / len(e) for e in errors))
        gap = high.mean() - low.mean()
        p = tries * 2 * float(stats.norm.sf(abs(gap) / error)) if error > 0 else 0.0
    elif len(trend) > 2:
        order = stats.kendalltau(trend.scale, y, alternative="greater").pvalue
        p = 2 * min(p_value(score, _noise(len(trend))), float(order))
    else:
        p = 1.0
    return Leap(at, float(steps[at] / whole), min(p, 1.0), score)


@lru_cache(maxsize=64)
def _noise(sizes: int) -> NDArray[np.float64]:
    return gaussian_null(sizes)


@dataclass(frozen=True)
class Emergence:
    """Emergence score of a trend turned so that up is better, with its error rates.

    Attributes
    ----------
    score : float
    p_noise : float
        Chance of a score as high without any trend.
    p_smooth : float
        Chance of one as high along the smooth law that fits best; nan unless scores are shares of items.
    p_noise_corrected, p_smooth_corrected : float
        After Holm's correction over all curves.
    """

    score: float
    p_noise: float
    p_smooth: float
    p_noise_corrected: float
    p_smooth_corrected: float


def emergences(trends: Sequence[Trend | None]) -> list[Emergence | None]:
    """Calibrated emergence scores of all curves of an audit; None for curves that cannot leap."""
    found = []
    for trend in trends:
        if trend is None:
            found.append((np.nan, np.nan, np.nan))
            continue
        if trend.proportion:
            got = calibrate(trend.curve, direction=trend.direction)
            found.append((got.score.value, got.p_noise, got.p_smooth))
        else:
            value = emergence_score(trend.up).value
            found.append((value, p_value(value, _noise(len(trend))), np.nan))
    table = np.array(found, dtype=float).reshape(-1, 3)
    corrected = [adjust(column) for column in table.T[1:]] if len(table) else []
    return [
        None if trend is None else Emergence(*map(float, (*row, *(c[i] for c in corrected))))
        for i, (trend, row) in enumerate(zip(trends, table, strict=True))
    ]


# -- gentler metrics on the same outputs -----------------------------------------------------------


@dataclass(frozen=True)
class Gentle:
    """What a gentler metric did before and at a leap of another.

    Attributes
    ----------
    metric : str
    kind : {"loss", "answer", "forecast"}
    early : float
        Share of its rise, from the smallest to the largest model, that it had made at the last size
        below the leap.
    early_p : float
        Chance of as much if nothing had moved till then; nan if no error is known.
    at_leap : float
        Share of its rise in the step of the leap.
    skilled : bool
        Measured in skill, which guessing and modesty do not move.
    steady : bool
        It improved at every step below the leap.
    """

    metric: str
    kind: str
    early: float
    early_p: float
    at_leap: float
    skilled: bool
    steady: bool


def kind_of(metric: str) -> str:
    """``"loss"``, ``"answer"``, ``"forecast"``, or ``""`` for a metric not known to be gentle."""
    name = metric.lower()
    for kind, names in (("loss", LOSSES), ("answer", ANSWERS), ("forecast", FORECASTS)):
        if name in names:
            return kind
    return ""


def gentle(question: Question, metric: str, at: int) -> list[Gentle]:
    """What the gentler metrics of a question show about the leap of one, those with skill first.

    Parameters
    ----------
    question : Question
    metric : str
        The one that leaps.
    at : int
        Index, among its sizes, of the last below the leap.
    """
    leaping = question.trends[metric]
    found = []
    for other in question.trends.values():
        kind = kind_of(other.metric)
        if not kind or other.metric == metric or not other.direction:
            continue
        if other.scale.shape != leaping.scale.shape or (other.scale != leaping.scale).any():
            continue
        skilled = bool(np.isfinite(other.skill).all() and np.isfinite(other.skill_error).all())
        y = other.skill if skilled else other.up
        error = other.skill_error if skilled else other.error
        rise = y[-1] - y[0]
        if not rise > 2 * np.nan_to_num(np.hypot(error[-1], error[0])):
            continue  # it says nothing about what it does not see either
        moved = y[at] - y[0]
        spread = np.hypot(error[at], error[0])
        p = float("nan")
        if np.isfinite(spread):
            p = float(stats.norm.sf(moved / spread)) if spread > 0 else float(moved <= 0)
        steady = at >= 2 and bool((np.diff(y[: at + 1]) > 0).all())
        found.append(
            Gentle(other.metric, kind, float(moved / rise), p, float((y[at + 1] - y[at]) / rise), skilled, steady)
        )  # fmt: skip
    return sorted(found, key=lambda g: not g.skilled)


# -- several runs of a size ------------------------------------------------------------------------


@dataclass(frozen=True)
class Runs:
    """How the runs of one size differ, at the size where they differ most.

    Attributes
    ----------
    most : int
        Most runs of a size.
    gap : float
        Largest gap between neighbouring runs of one size, as a share of the whole range of single runs.
    scale : float
        The size where it is.
    low, high : int
        Runs below and above the gap.
    """

    most: int
    gap: float
    scale: float
    low: int
    high: int


def runs(trend: Trend) -> Runs:
    """Gaps between runs of one size."""
    every = np.concatenate(trend.runs)
    whole = float(np.ptp(every))
    best = Runs(max(map(len, trend.runs)), 0.0, float("nan"), 0, 0)
    for scale, values in zip(trend.scale, trend.runs, strict=True):
        if len(values) < 2 or whole == 0:
            continue
        ordered = np.sort(values)
        steps = np.diff(ordered)
        i = int(np.argmax(steps))
        if steps[i] / whole > best.gap:
            best = Runs(
                best.most, float(steps[i] / whole), float(scale), i + 1, len(values) - i - 1
            )
    return best


# -- the smooth law --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Smooth:
    """A trend of shares against the closed form: a loss that is a power of scale.

    Attributes
    ----------
    alpha : float
        Exponent that fits best.
    floor : float
        Share right without the skill that fits best; 0 where the smallest score may be 0.
    p : float
        Chance that the law fits as badly, from simulated counts. The fitted law stands in for the true
        one, which errs on its side.
    gentle_p : float
        The same for an exponent of at most 1: a loss that falls no faster than the inverse of size.
    hidden : float
        Share of the sizes below the leap at which the law with an exponent of at most 1 gives less (above
        the floor) than the items are likely to show.
    darkest : float
        The largest of these sizes; nan without any. The next three are of it.
    predicted : float
        What the law gives there.
    seen_from : float
        Smallest score above zero that its items are likely to show.
    items : float
        Items that would be likely to show it.
    width : float
        Decades from 10 to 90 per cent along that law.
    spacing : float
        Median decades from size to size.
    """

    alpha: float
    floor: float
    p: float
    gentle_p: float
    hidden: float
    darkest: float
    predicted: float
    seen_from: float
    items: float
    width: float
    spacing: float


GENTLEST = 1.0
"""Exponents up to here count as smooth: those measured of language models are below."""
_DRAWS = 2_000


def smooth(trend: Trend, at: int, *, seed: int = 0) -> Smooth | None:
    """Hold a trend of shares against the smooth law; None where its items are not known or it is short."""
    if not trend.proportion or len(trend) < 4 or trend.direction != "higher":
        return None
    curve = trend.curve
    reference = float(np.exp(curve.log_scale.mean()))
    low, _ = curve.interval()
    law = closed_form.STRAIGHT if low[0] <= 0.01 else closed_form.FLOOR
    fitted = closed_form.fit(law, curve, reference=reference)
    tame = fitted
    if fitted["alpha"] > GENTLEST:
        tame = closed_form.fit(law, curve, reference=reference, fixed={"alpha": GENTLEST})
    rng = np.random.default_rng(seed)
    floor = tame["g"] if law is closed_form.FLOOR else 0.0
    below = slice(0, at + 1)
    predicted = np.maximum(tame.accuracy(curve.scale[below]) - floor, 0.0)
    seen_from = zero_bound(curve.n[below])
    hidden = np.flatnonzero(predicted < seen_from)
    dark = hidden[-1] if len(hidden) else at
    decades = np.log(np.log(10) / -np.log(0.9)) / np.log(10)
    return Smooth(
        fitted["alpha"], floor, _chance(fitted, rng), _chance(tame, rng), len(hidden) / (at + 1),
        float(curve.scale[dark]) if len(hidden) else float("nan"), float(predicted[dark]),
        float(seen_from[dark]), float(items_to_see(predicted[dark])), float(decades / tame["alpha"]),
        float(np.median(np.diff(np.log10(curve.scale)))),
    )  # fmt: skip


def _chance(fitted: closed_form.LawFit, rng: np.random.Generator) -> float:
    """Share of simulated curves whose deviance from the law itself is as large; conservative."""
    n = fitted.curve.n
    expected = np.clip(fitted.accuracy(fitted.curve.scale), 1e-300, 1 - 1e-12)
    counts = np.vstack([fitted.curve.counts, rng.binomial(n, expected, (_DRAWS, len(n)))])
    share = counts / n
    found = 2 * (
        stats.binom.logpmf(counts, n, share) - stats.binom.logpmf(counts, n, expected)
    ).sum(axis=1)
    return float((1 + (found[1:] >= found[0] - 1e-9).sum()) / (1 + _DRAWS))


# -- the largest model, foretold -------------------------------------------------------------------


@dataclass(frozen=True)
class Foretold:
    """Forecasts of the largest model from the others.

    Attributes
    ----------
    actual : float
    best : str
        The law with the best score (CRPS), known only afterwards.
    error : float
        Its absolute error, as a share of the range of all scores.
    covered : int
    laws : int
        How many 95 % intervals hold the actual score, of how many laws.
    """

    actual: float
    best: str
    error: float
    covered: int
    laws: int


def foretold(trend: Trend) -> Foretold | None:
    """Hide the largest model and forecast it by every law; None with fewer than five sizes."""
    if len(trend) < 5 or np.ptp(trend.score) == 0:
        return None
    within = bool(((trend.score >= 0) & (trend.score <= 1)).all())
    bounds = (0.0, 1.0) if within else (-np.inf, np.inf)
    actual = trend.score[-1:]
    found = {
        name: forecast(name, trend.scale[:-1], trend.score[:-1], trend.scale[-1:], bounds=bounds)
        for name in CONTENDERS
    }
    best = min(found, key=lambda name: float(crps(found[name], actual)[0]))
    covered = sum(bool(interval_covers(f, actual)[0]) for f in found.values())
    error = abs(actual[0] - found[best].mean[0]) / float(np.ptp(trend.score))
    return Foretold(float(actual[0]), CONTENDERS[best].title, float(error), covered, len(found))
