"""Block length and rows of the stationary bootstrap."""

import numpy as np
import pytest

from backtest.analysis.uncertainty.bootstrap import block_length, stationary_rows


def test_the_block_length_of_a_short_ramp_equals_its_formula() -> None:
    """Autocorrelations of 0 to 8 are 1, 2/3, 0.35, 1/15, ...: from lag 2 on they are below the limit of 0.65, so M = 4.

    The flat-top window at lags 1 to 4 is 1, 1, 1/2 and 0.
    """
    slope = 2 * (2 / 3 + 2 * 0.35 + 3 / 2 / 15)
    spectrum = 1 + 2 * (2 / 3 + 0.35 + 1 / 2 / 15)
    assert block_length(np.arange(9.0)) == pytest.approx((slope**2 / spectrum**2 * 9) ** (1 / 3), rel=1e-13)


def test_rows_of_draws_equal_the_definition_in_plain_integers() -> None:
    """SplitMix64 (Steele, Lea, Flood 2014) in Python's integers; the high half of the bits starts new blocks."""
    seed, count, length, wide = 1994, 37, 2.5, 2**64

    def mixed(state: int) -> int:
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % wide
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB % wide
        return state ^ (state >> 31)

    assert mixed((1234567 + 0x9E3779B97F4A7C15) % wide) == 6457827717110365317  # the first number of seed 1234567
    found = stationary_rows(count, length, 5, first=3, seed=seed)
    for draw, rows in enumerate(found, 3):
        state = mixed((seed << 32) + draw)
        at = (mixed(state) & 0xFFFFFFFF) * count // 2**32 - 1
        for row in rows:
            state = (state + 0x9E3779B97F4A7C15) % wide
            random = mixed(state)
            at = (at + 1) % count
            if random >> 32 < round(2**32 / length):
                at = (random & 0xFFFFFFFF) * count >> 32
            assert row == at
    assert found.tolist() == stationary_rows(count, length, 8)[3:].tolist()
