"""Block length of the bootstrap; its draws are tested with break-even spreads."""

import numpy as np
import pytest

from backtest.analysis.uncertainty.bootstrap import block_length


def test_the_block_length_of_a_short_ramp_equals_its_formula() -> None:
    """Autocorrelations of 0 to 8 are 1, 2/3, 0.35, 1/15, ...: from lag 2 on they are below the limit of 0.65, so M = 4.

    The flat-top window at lags 1 to 4 is 1, 1, 1/2 and 0.
    """
    slope = 2 * (2 / 3 + 2 * 0.35 + 3 / 2 / 15)
    spectrum = 1 + 2 * (2 / 3 + 0.35 + 1 / 2 / 15)
    assert block_length(np.arange(9.0)) == pytest.approx((slope**2 / spectrum**2 * 9) ** (1 / 3), rel=1e-13)
