"""The regression behind "one line for all lengths" is that of statsmodels, to the last digit."""

import numpy as np
import pytest
import statsmodels.api as sm

from mirage_utils.evidence.cloglog import fit_cloglog


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(40))
def test_a_fit_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(6, 40))
    size, length = rng.uniform(-2, 2, rows), np.log(rng.integers(1, 9, rows))
    columns = np.column_stack([np.ones(rows), size, length * size, size**2][: int(rng.integers(2, 5))])  # fmt: skip
    n = rng.integers(20, 2_000, rows)
    chance = 1 - np.exp(-np.exp(length - rng.uniform(0.3, 2) * size))
    wrong = rng.binomial(n, chance)
    sides = np.column_stack([wrong, n - wrong])
    family = sm.families.Binomial(link=sm.families.links.CLogLog())
    theirs = sm.GLM(sides, columns, family=family, offset=length).fit()
    ours = fit_cloglog(sides, columns, length)
    assert ours.params.tolist() == theirs.params.tolist()
    assert ours.bse.tolist() == theirs.bse.tolist()
    assert ours.llf == theirs.llf
    assert ours.converged == theirs.converged


def test_what_cannot_be_computed_says_so():
    sides = np.array([[np.nan, 1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="no number"):
        fit_cloglog(sides, np.ones((2, 1)), np.zeros(2))
