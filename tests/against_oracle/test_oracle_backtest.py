"""The oracle's own schedule of decisions: when a backtest begins and on which dates it decides."""

from __future__ import annotations

import math
import random
from datetime import date

import pytest

from support.agreement.closeness import close
from support.agreement.random_inputs import assert_identity
from support.oracle import oracle

NO_COST = {"A": 0.0, "B": 0.0}
MONTHS = [date(2021, m, d) for m, d in zip(range(1, 9), (31, 28, 31, 30, 31, 30, 31, 31), strict=True)]


def test_backtest_waits_for_a_full_window() -> None:
    """Eight months, a window of 3 returns: row 3 is the first with three (rows 1 to 3), and begins the run.

    Row 6 is the last traded, row 7 being the last date. With a lag of 1: rows 4 to 6 are traded, for 3 to 5.
    """
    rng = random.Random(3)
    prices = {a: [100.0 * math.exp(rng.gauss(0.0, 0.05)) for _ in MONTHS] for a in ("A", "B")}
    cash = [0.0, *(0.001 * t for t in range(1, 8))]
    seen: list[list[list[float]]] = []

    def decide(rows: list[list[float]], covariance: list[list[float]]) -> dict[str, float]:
        seen.append(rows)
        assert covariance == oracle.sample_covariance(rows)
        return dict(zip(prices, oracle.erc(covariance), strict=True))

    path = oracle.backtest(MONTHS, prices, cash, decide, frequency="monthly", lag=0, window=3, trading_cost=NO_COST)
    assert (path.start, path.dates[0], path.trade_rows) == (3, MONTHS[3], [0, 1, 2, 3])
    assert [len(rows) for rows in seen] == [3] * 4
    close(seen[0][0][1], prices["B"][1] / prices["B"][0] - 1 - cash[1])
    close(seen[0][2][0], prices["A"][3] / prices["A"][2] - 1 - cash[3])
    assert_identity(path)

    lagged = oracle.backtest(MONTHS, prices, cash, decide, frequency="monthly", lag=1, window=3, trading_cost=NO_COST)
    assert (lagged.start, lagged.trade_rows) == (4, [0, 1, 2])
    assert lagged.weights[0] == path.weights[0]


def test_backtest_of_fixed_weights_begins_at_the_first_rebalance_date() -> None:
    """Quarterly: March (row 2) and June (row 5) are traded; August closes the last quarter, untraded."""
    path = oracle.backtest(
        MONTHS,
        {"A": [100.0 + month for month in range(8)]},
        [0.0] * 8,
        lambda rows, covariance: {"A": 0.6},
        frequency="quarterly",
        lag=0,
        window=None,
        trading_cost={"A": 0.001},
    )
    assert (path.start, path.trade_rows) == (2, [0, 3])
    with pytest.raises(ValueError, match="full window"):
        oracle.backtest(
            MONTHS,
            {"A": [100.0] * 8},
            [0.0] * 8,
            lambda rows, covariance: {"A": 0.6},
            frequency="monthly",
            lag=0,
            window=7,
            trading_cost={"A": 0.001},
        )
