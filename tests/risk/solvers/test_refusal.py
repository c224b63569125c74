"""Words of a refusal."""

import numpy as np
import pytest

from backtest.risk.solvers.refusal import ASSETS_IN_MESSAGES, in_words


@pytest.mark.parametrize(("more", "end"), [(0, ""), (1, " and 1 more"), (2, " and 2 more")])
def test_the_assets_that_are_not_listed_are_counted(more: int, end: str) -> None:
    count = ASSETS_IN_MESSAGES + more
    listed = ", ".join(f"1 of asset {k}" for k in range(ASSETS_IN_MESSAGES))
    assert in_words(np.ones(count), np.arange(count)) == listed + end
