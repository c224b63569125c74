"""Time the simulation alone: 50 years of daily data, 6 assets, monthly ERC weights, costs and financing on.

    python benchmarks/simulation_speed.py

The bound is 0.5 s on one core; what is printed is the best and the median of ten runs on this machine.
"""

import statistics
import time

import numpy as np
import pandas as pd

from backtest.data.market import days_between
from backtest.engine.schedule import rebalance_rows
from backtest.engine.market import Periods
from backtest.engine.simulation import simulate
from backtest.engine.terms import Terms
from backtest.estimation.sample import rolling_sample_covariance
from backtest.risk import risk_parity_weights

DAYS, ASSETS, WINDOW, SEED = 12_600, 6, 756, 7


def main() -> None:
    """Build the market once, then time its parts."""
    draws = np.random.default_rng(SEED)
    dates = pd.bdate_range("1970-01-01", periods=DAYS)
    returns = 0.0003 + draws.normal(size=(DAYS, ASSETS)) * np.linspace(0.004, 0.015, ASSETS)
    cash = np.full(DAYS, 0.0001)
    days = days_between(dates)
    periods = Periods(returns, np.ones((DAYS, ASSETS), dtype=bool), cash, days)
    names = tuple(f"asset{i}" for i in range(ASSETS))
    terms = Terms.of(TradingCosts(trading_bps=10), FinancingTerms(spread_bps=50), Fees(), names)
    rows = [row for row in rebalance_rows(dates, "monthly") if row >= WINDOW]

    started = time.perf_counter()
    covariances = rolling_sample_covariance(returns - cash[:, None], rows, WINDOW)
    estimated = time.perf_counter()
    weights = risk_parity_weights(covariances) * 1.5
    solved = time.perf_counter()
    timings = []
    for _ in range(10):
        begin = time.perf_counter()
        simulate(periods, rows, weights, 1, terms)
        timings.append(time.perf_counter() - begin)
    print(f"{DAYS} days x {ASSETS} assets x {len(rows)} rebalances, levered 1.5 times")
    print(f"covariances      {1e3 * (estimated - started):8.1f} ms (first call)")
    print(f"ERC weights      {1e3 * (solved - estimated):8.1f} ms (first call)")
    print(f"simulation       {1e3 * min(timings):8.1f} ms best, {1e3 * statistics.median(timings):.1f} ms median")


if __name__ == "__main__":
    main()
