"""Published curves whose largest models are hidden, and how far off each law's forecast of them is.

An error has to be divided by something before two metrics can be compared, and what it is divided by can decide who wins.
So every error is given by several yardsticks at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize

from .. import tables
from ..errors import require
from ..laws.forecast import CONTENDERS, crps, forecast, interval_covers

__all__ = [
    "YARDSTICKS", "HeldOut", "by_benchmark", "by_family", "two_parameters", "forecast_all", "hide", "published", "two_steps",
]  # fmt: skip

YARDSTICKS = {
    "crps_range": "CRPS / whole range", "miss_range": "miss / whole range",
    "crps_held_out": "CRPS / range of the hidden", "miss_held_out": "miss / range of the hidden",
    "crps_no_change": "CRPS / that of no change", "miss_no_change": "miss / that of no change",
    "miss_rank": "models passed over",
}  # fmt: skip
"""What an error can be measured in, by the name of its column."""

_METRICS = {
    "acc": "accuracy", "acc_norm": "accuracy, normalised", "exact_match": "exact match", "bleu": "BLEU",
    "target_brier": "Brier", "bits_per_byte": "bits per byte", "log_probability": "log-probability",
}  # fmt: skip
_ENDS = {"bits per byte": (0.0, np.inf), "log-probability": (-np.inf, 0.0)}


@dataclass(frozen=True)
class HeldOut:
    """A curve with its largest models hidden.

    Attributes
    ----------
    source, task, metric : str
    scale, score : ndarray, shape (m,)
        In rising order of scale.
    hidden : ndarray of bool, shape (m,)
    family : tuple of str
        Of each model.
    """

    source: str
    task: str
    metric: str
    scale: NDArray[np.float64]
    score: NDArray[np.float64]
    hidden: NDArray[np.bool_]
    family: tuple[str, ...] = ()

    @property
    def benchmark(self) -> str:
        """The task without its split: validation and test questions are one benchmark.

        Examples
        --------
        >>> [hide("s", t, "accuracy", [1, 2], [0, 1], [0, 1]).benchmark for t in ("arc_easy_val", "mmlu_stem_test")]
        ['arc_easy', 'mmlu_stem']
        """
        return self.task.removesuffix("_val").removesuffix("_test")

    @property
    def bounds(self) -> tuple[float, float]:
        """Ends of the metric's range."""
        return _ENDS.get(self.metric, (0.0, 1.0))


def hide(
    source: str, task: str, metric: str, scale: Iterable[float], score: Iterable[float],
    hidden: Iterable[bool], family: Sequence[str] = (),
) -> HeldOut:  # fmt: skip
    """A curve with some of its models hidden; models may come in any order.

    Parameters
    ----------
    source, task, metric : str
    scale, score : iterable of float
    hidden : iterable of bool
    family : sequence of str
        Of each model, if known.
    """
    x, y, away = (np.asarray(list(each)) for each in (scale, score, hidden))
    require(x.shape == y.shape == away.shape, "score", y.shape, f"the shape of scale, {x.shape}")
    order = np.argsort(x, kind="stable")
    return HeldOut(
        source, task, metric, x[order].astype(float), y[order].astype(float), away[order].astype(bool),
        tuple(family[i] for i in order) if len(family) else (),
    )  # fmt: skip


def published(*, cut: float = 1e23, largest: int = 2) -> list[HeldOut]:
    """All curves of the bundled tables with at least five known models, flat ones included.

    Parameters
    ----------
    cut : float
        Compute above which models of mixed families are hidden, in operations.
    largest : int
        How many sizes of a single family are hidden. Of OLMo's ladder the largest size is, with its five budgets of data.
    """
    return [c for c in _all(cut, largest) if (~c.hidden).sum() >= 5 and c.hidden.any()]


def _all(cut: float, largest: int) -> Iterator[HeldOut]:
    def one(source: str, task: str, metric: str, part: pd.DataFrame, scale: str, away: Callable[[pd.DataFrame], pd.Series]) -> HeldOut:  # fmt: skip
        family = part["family"].tolist() if "family" in part else []
        return hide(
            source, task, _METRICS.get(metric, metric), part[scale], part["score"], away(part), family
        )  # fmt: skip

    def beyond(part: pd.DataFrame) -> pd.Series:
        return part["train_flops"] > cut

    def last(part: pd.DataFrame) -> pd.Series:
        return part["params"] >= np.sort(part["params"].unique())[-largest]

    for (task, metric), part in tables.load_table("olmo_ladder").groupby(["task", "metric"]):
        yield one("OLMo's ladder", task, metric, part, "train_flops", lambda p: p["params"] > 2e9)
    table = tables.load_table("exp_emergence")
    kept = (table["setting"] == "") & table["train_flops"].notna()
    for (task, metric), part in table[kept].groupby(["task", "metric"]):
        yield one("Wu and Lo", task, metric, part, "train_flops", beyond)
    table = tables.load_table("obs_scaling")
    kept = table["train_flops"].notna() & table["n"].notna()
    for (task, metric), part in table[kept].groupby(["task", "metric"]):
        yield one("Ruan et al.", task, metric, part, "train_flops", beyond)
    for name, source in (("gpt3_arithmetic", "GPT-3 arithmetic"), ("gpt3_word_tasks", "GPT-3 words")):  # fmt: skip
        for (task, setting), part in tables.load_table(name).groupby(["task", "setting"]):
            yield one(source, f"{task} {setting}", "exact match", part, "params", last)
    for (task, shots), part in tables.load_table("pythia_arithmetic").groupby(["task", "shots"]):
        yield one("Pythia sums", f"{task} {shots}", "accuracy", part, "params", last)
    for (family, task, shots, metric), part in _harness().groupby(
        ["family", "task", "shots", "metric"]
    ):
        yield one("Pythia and OPT", f"{family} {task} {shots}", metric, part, "params", last)


def _harness() -> pd.DataFrame:
    """Pythia's and OPT's tasks, with the mean over MMLU's subjects in place of the subjects."""
    table = tables.load_table("pythia_evals").query("metric != 'ppl'")
    subject = table["task"].str.startswith("mmlu_")
    by = ["family", "model", "params", "shots", "metric"]
    sums = table[subject].assign(score=lambda f: f["score"] * f["n"])
    sums = sums.groupby(by, as_index=False)[["score", "n"]].sum()
    mean = sums.assign(score=lambda f: f["score"] / f["n"], task="mmlu")
    return pd.concat([table[~subject], mean], ignore_index=True)


def forecast_all(
    curves: Iterable[HeldOut], *, level: float = 0.95, laws: Sequence[str] = tuple(CONTENDERS)
) -> pd.DataFrame:
    """Forecast the hidden models of each curve by each law; a row for each curve and law.

    Parameters
    ----------
    curves : iterable of HeldOut
        Flat curves are skipped: there is nothing to forecast.
    level : float
        Of the intervals.
    laws : sequence of str
        Keys of `CONTENDERS`.

    Returns
    -------
    DataFrame
        ``source``, ``task``, ``benchmark``, ``metric``, ``law``; ``known`` and ``hidden`` models; ``crps`` and ``miss``
        (absolute error of the mean), averaged over the hidden models, in units of the metric; ``inside``, the share
        of hidden scores that lie in their intervals; ``miss`` and ``crps`` by each of `YARDSTICKS`, as ``crps_range`` and
        so on. For ranks there is only ``miss_rank``: the share of all models whose score lies between forecast and truth.
    """
    rows = []
    for curve in curves:
        x, y, away = curve.scale, curve.score, curve.hidden
        if np.ptp(y) == 0:
            continue
        naive = forecast("last", x[~away], y[~away], x[away], bounds=curve.bounds)
        naive_crps, naive_miss = crps(naive, y[away]).mean(), np.abs(naive.mean - y[away]).mean()
        for law in laws:
            found = forecast(law, x[~away], y[~away], x[away], bounds=curve.bounds)
            score, miss = crps(found, y[away]).mean(), np.abs(found.mean - y[away]).mean()
            with np.errstate(divide="ignore", invalid="ignore"):
                rows.append(
                    {
                        "source": curve.source, "task": curve.task, "benchmark": curve.benchmark, "metric": curve.metric,
                        "law": law, "known": int((~away).sum()), "hidden": int(away.sum()), "crps": score, "miss": miss,
                        "inside": interval_covers(found, y[away], level).mean(),
                        "crps_range": score / np.ptp(y), "miss_range": miss / np.ptp(y),
                        "crps_held_out": score / np.ptp(y[away]), "miss_held_out": miss / np.ptp(y[away]),
                        "crps_no_change": score / naive_crps, "miss_no_change": miss / naive_miss,
                        "miss_rank": _between(y, found.mean, y[away]),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def _between(y: NDArray[np.float64], mean: NDArray[np.float64], actual: NDArray[np.float64]) -> float:  # fmt: skip
    low, high = np.minimum(mean, actual)[:, None], np.maximum(mean, actual)[:, None]
    return float(((y > low) & (y < high)).mean())


def by_benchmark(
    errors: pd.DataFrame, source: str, harsh: str, soft: str, yardstick: str, *, law: str = ""
) -> pd.DataFrame:
    """Errors of two metrics of the same answers, one row a benchmark.

    Parameters
    ----------
    errors : DataFrame
        Of `forecast_all`.
    source, harsh, soft : str
    yardstick : str
        A column, such as ``crps_range``.
    law : str
        One law for both metrics; the best of each task and metric, known only afterwards, if empty.

    Returns
    -------
    DataFrame
        Columns `harsh` and `soft`: means over the tasks of a benchmark.
    """
    part = errors[errors["source"].eq(source) & errors["metric"].isin([harsh, soft])]
    if law:
        part = part[part["law"] == law]
    best = part.groupby(["benchmark", "task", "metric"])[yardstick].min().unstack("metric")
    return best[[harsh, soft]].dropna().groupby("benchmark").mean()


def by_family(curves: Iterable[HeldOut], harsh: str, soft: str, *, law: str) -> pd.DataFrame:
    """Misses of two metrics of the same answers, one row a family of hidden models.

    Parameters
    ----------
    curves : iterable of HeldOut
        Of one source; several tasks, each under both metrics.
    harsh, soft : str
    law : str
        A key of `CONTENDERS`.

    Returns
    -------
    DataFrame
        Columns `harsh` and `soft`: the mean miss over tasks and models of a family, as a share of the mean miss that "no
        change" has on all hidden models of the task.
    """
    rows = []
    for curve in curves:
        if curve.metric not in (harsh, soft):
            continue
        x, y, away = curve.scale, curve.score, curve.hidden
        found = forecast(law, x[~away], y[~away], x[away], bounds=curve.bounds)
        unit = np.abs(y[away] - y[~away][-1]).mean()
        names = np.array(curve.family)[away]
        rows += [
            (family, curve.task, curve.metric, miss / unit)
            for family, miss in zip(names, np.abs(found.mean - y[away]), strict=True)
        ]
    table = pd.DataFrame(rows, columns=["family", "task", "metric", "miss"])
    wide = table.groupby(["family", "task", "metric"])["miss"].mean().unstack("metric")
    return wide[[harsh, soft]].dropna().groupby("family").mean()


def two_parameters(
    curve: HeldOut,
    items: int,
    *,
    link: Literal["logit", "log"] = "logit",
    by: Literal["likelihood", "squares"] = "likelihood",
) -> NDArray[np.float64]:
    """Hidden scores as forecast by a law of two parameters that ends at 0 and at 1.

    The binomial likelihood weighs each score by what its items can tell, so that the first right answers of small models
    count for more than they do in least squares.

    Parameters
    ----------
    curve : HeldOut
        Of a metric that counts right answers.
    items : int
        Behind each score.
    link : {"logit", "log"}
        ``logit``: log-odds linear in the logarithm of scale, a logistic curve. ``log``: the logarithm of the score is, a
        power of scale that stops at 1.
    by : {"likelihood", "squares"}
        What is made as good as can be: the binomial likelihood of the counts, or the sum of squares of the scores.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> sizes = np.geomspace(1e7, 1e10, 8)
    >>> score = 1 / (1 + (1e9 / sizes) ** 0.7)
    >>> curve = hide("s", "t", "exact match", sizes, score, np.arange(8) > 5)
    >>> two_parameters(curve, 2000).round(2), score[6:].round(2)
    (array([0.72, 0.83]), array([0.72, 0.83]))
    """
    require(link in ("logit", "log"), "link", link, "logit or log")
    require(by in ("likelihood", "squares"), "by", by, "likelihood or squares")
    away = curve.hidden
    u = np.log(curve.scale) - np.log(curve.scale[~away]).mean()
    right = np.round(curve.score[~away] * items)

    def law(theta: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
        z = theta[0] + theta[1] * at
        p = (1 + np.tanh(z / 2)) / 2 if link == "logit" else np.exp(np.minimum(z, 0))
        return np.clip(p, 1e-12, 1 - 1e-12)

    def loss(theta: NDArray[np.float64]) -> float:
        p = law(theta, u[~away])
        if by == "squares":
            return float(((curve.score[~away] - p) ** 2).sum())
        return float(-(right * np.log(p) + (items - right) * np.log1p(-p)).sum())

    # Both likelihoods have one hill, so that a line through the shrunk counts is start enough.
    wrong = items - right + 0.5 if link == "logit" else items + 0.5
    start = np.polyfit(u[~away], np.log((right + 0.5) / wrong), 1)[::-1]
    found = optimize.minimize(
        loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8}
    )
    return law(found.x, u[away])


def two_steps(harsh: HeldOut, loss: HeldOut, *, direct: str = "sigmoid") -> tuple[float, float]:
    """Mean miss of a harsh metric forecast directly, and through the loss of the same answers.

    The loss is forecast with a power law, and the harsh metric as a sigmoid of the loss, as Bhagia et al. 2024 do.

    Parameters
    ----------
    harsh, loss : HeldOut
        Of the same models.
    direct : str
        The law of the direct way, a key of `CONTENDERS`.

    Returns
    -------
    tuple of float
        Direct, and through the loss, in units of the harsh metric.
    """
    x, away = harsh.scale, harsh.hidden
    require(np.array_equal(x, loss.scale), "loss", loss.scale.tolist(), "the scales of the other metric")  # fmt: skip
    truth = harsh.score[away]
    one = forecast(direct, x[~away], harsh.score[~away], x[away], bounds=harsh.bounds)
    ahead = forecast("power", x[~away], loss.score[~away], x[away], bounds=loss.bounds)
    # Laws take the logarithm of their argument, so that exp(-loss) makes the sigmoid one in the loss.
    order = np.argsort(-loss.score[~away], kind="stable")
    two = forecast(
        "sigmoid", np.exp(-loss.score[~away][order]), harsh.score[~away][order], np.exp(-ahead.mean), bounds=harsh.bounds
    )  # fmt: skip
    return float(np.abs(one.mean - truth).mean()), float(np.abs(two.mean - truth).mean())
