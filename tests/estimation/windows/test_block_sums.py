"""Covariances from sums over shared blocks, and the windows for which such sums lose digits."""

import numpy as np
import pytest

from backtest.estimation.windows.block_sums import anchored_covariances, room_for

WINDOW, ANCHOR = 240, 480


@pytest.mark.parametrize(("outlier", "lost"), [(0.0, False), (10.0, True)])
def test_only_windows_whose_sums_cancel_need_another_computation(outlier: float, lost: bool) -> None:
    """Sums are of returns less the anchor's return. If that is far from the others, two digits of the sums cancel."""
    returns = np.random.default_rng(0).normal(0, 0.01, (ANCHOR + WINDOW, 3))
    returns[ANCHOR, 1] += outlier
    rows = range(ANCHOR + 20, ANCHOR + WINDOW)
    covariances = np.empty((len(rows), 3, 3))
    room = room_for(WINDOW, 3)
    worse = anchored_covariances(returns, list(rows), WINDOW, 1.0, out=covariances, room=room)
    assert worse.tolist() == [lost] * len(rows)
    if not lost:
        expected = [np.cov(returns[row + 1 - WINDOW : row + 1].T) for row in rows]
        np.testing.assert_allclose(covariances, expected, rtol=1e-11, atol=1e-17)
