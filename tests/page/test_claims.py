"""Claims: a check that cannot fail on the rival's data is refused."""

import numpy as np
import pytest

from mirage_utils import FieldError
from mirage_utils.page import claim, claims
from mirage_utils.page.claims import CLAIMS


def greater(data):
    return bool(np.mean(data) > 0.5)


def at(mean):
    return lambda rng: rng.normal(mean, 1, 100)


@pytest.fixture
def stated(monkeypatch):
    """States a claim, and gives what is displayed of it: the page's HTML and the metadata."""
    shown = []
    monkeypatch.setattr(claims, "display", lambda data, raw, metadata: shown.append((data, metadata)))  # fmt: skip
    monkeypatch.setattr(claims, "glue", lambda **values: None)

    def state(*given, **more):
        claim(*given, **more)
        data, metadata = shown.pop()
        return data["text/html"], metadata

    return state


def test_a_claim_with_a_rival_that_fails_it_is_stated_with_its_power(stated):
    page, metadata = stated(
        "9.1", "The mean is above one half.", greater, data=np.full(10, 1.0),
        rival=("a mean of zero", at(0)), supposed=at(1), refuted_if="the mean is 0.5 or less", unit="items",
        alternatives={"the median": True},
    )  # fmt: skip
    verdict = CLAIMS["9.1"]
    assert verdict.power.failed_under_rival > 0.99
    assert verdict.power.passed_under_claim > 0.99
    assert metadata["mirage_claim"]["rival"] == "a mean of zero"
    for words in ("For the sceptic", "a mean of zero", "the mean is 0.5 or less", "the median", "<dt>Power</dt>"):  # fmt: skip
        assert words in page
    assert 'id="claim-9-1"' in page


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"rival": ("half of it", at(0.5))}, "data sets fail"),
        ({"rival": ("zero", at(0)), "supposed": at(0.5)}, "its own data sets pass"),
        ({"rival": ("zero", at(0)), "alternatives": {"without the largest model": False}}, "without the largest"),
        ({"rival": ("zero", at(0)), "data": np.zeros(3)}, "does not hold"),
    ],
)  # fmt: skip
def test_a_check_that_is_decoration_stops_the_notebook(more, message):
    given = {"data": np.ones(10), "refuted_if": "the mean is 0.5 or less", **more}
    with pytest.raises(AssertionError, match=message):
        claim("9.2", "The mean is above one half.", greater, **given)
    assert "9.2" not in CLAIMS


@pytest.mark.parametrize(
    "more",
    [
        {"holds": True, "rival": ("zero", at(0)), "refuted_if": "it is zero"},
        {"holds": greater, "data": np.ones(3), "rival": ("zero", at(0))},
        {"holds": True, "algebra": True, "rival": ("zero", at(0))},
    ],
    ids=["no function", "no refutation", "algebra has no rival"],
)
def test_what_does_not_fit_together_is_said(more):
    with pytest.raises(FieldError):
        claim("9.3", "A sentence.", **more)


def test_an_identity_of_algebra_says_that_it_has_no_rival(stated):
    page, _ = stated("9.4", "Both sides are equal.", True, algebra=True)
    assert "SymPy proves it" in page


def test_the_same_seed_gives_the_same_power(stated):
    found = []
    for _ in range(2):
        stated("9.5", "The mean is above one half.", greater, data=np.ones(9), rival=("0.38", at(0.38)), refuted_if="no")  # fmt: skip
        found.append(CLAIMS["9.5"].power)
    assert found[0] == found[1]
    assert 0 < found[0].failed_under_rival < 1


def test_in_a_page_whoever_tries_other_values_is_told_and_the_rest_runs(stated, monkeypatch):
    with pytest.raises(AssertionError, match=r"Claim 9\.8 does not hold"):
        stated("9.8", "One is two.", False)
    monkeypatch.setattr(claims, "in_browser", lambda: True)
    page, metadata = stated("9.8", "One is two.", False)
    assert "which does not hold with these values" in page
    assert metadata["mirage_claim"]["holds"] is False
