"""Published numbers of papers on risk parity, beside the same numbers from the bundled data."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq

import backtest as bt
from backtest.analysis.result import BacktestResult
from backtest.errors import ConfigError
from backtest.risk import risk_parity_weights

PAPERS = Path(__file__).parents[1] / "configs" / "papers"


class Excess(NamedTuple):
    """Mean excess return and volatility, decimal per year, and Sharpe ratio."""

    mean: float
    volatility: float
    sharpe: float


class Lead(NamedTuple):
    """Lead over 60/40 in bp a year, its p-value, and the break-even spread in bp."""

    lead: float
    p_value: float
    break_even: float


class Loan(NamedTuple):
    """Excess return over stocks in points a year, at a spread in bp, and the average loan as a multiple of NAV."""

    spread: float
    lead: float
    loan: float


ASNESS = {
    "stocks": Excess(0.067, 0.19, 0.35),
    "60/40": Excess(0.0465, 0.117, 0.40),
    "risk parity, unlevered": Excess(0.022, 0.0425, 0.52),
    "risk parity, levered": Excess(0.0799, 0.1508, 0.53),
}
"""Asness, Frazzini and Pedersen (2012), "Leverage Aversion and Risk Parity", table 2."""

LEVERED = "risk parity, levered"
FINANCING = {
    "bills": (0.0, 4.15),
    "repo": (20.0, 3.38),
    "OIS": (24.6, 3.21),
    "Fed funds": (40.4, 2.64),
    "LIBOR": (62.3, 1.81),
}
"""Spread over bills in bp, and excess return over stocks in points a year: the same paper, appendix B."""

ANDERSON = {"bill rate, no costs": 210.0, "60 bp over bills, with costs": 29.0}
"""Lead over 60/40 in bp a year: Anderson, Bianchi and Goldberg (2012)."""

_CASES: dict[str, dict[str, float | None]] = {
    "bill rate, no costs": {"financing.spread_bps": 0, "costs.schedule": None},
    "60 bp over bills, no costs": {"costs.schedule": None},
    "bill rate, with costs": {"financing.spread_bps": 0},
    "60 bp over bills, with costs": {},
}


def benchmark_of(run: BacktestResult) -> BacktestResult:
    """Return the first benchmark.

    Raises:
        ConfigError: the run has none.
    """
    if run.benchmark is None:
        raise ConfigError(f"{run.name}: expected a benchmark")
    return run.benchmark


def excess_of(nav: pd.Series, cash: pd.Series) -> Excess:
    """Return the numbers of a NAV by month, above cash."""
    excess = (nav.pct_change() - cash).iloc[1:].to_numpy()
    mean, volatility = float(excess.mean()) * 12, float(excess.std(ddof=1)) * math.sqrt(12)
    return Excess(mean, volatility, mean / volatility)


def asness_numbers() -> dict[str, Excess]:
    """Return the numbers of the four portfolios of `ASNESS`."""
    unlevered, levered = (bt.run(PAPERS / f"asness_{kind}.yaml") for kind in ("unlevered", "levered"))
    balanced, stocks = unlevered.benchmarks
    runs = (stocks, balanced, unlevered, levered)
    return {name: excess_of(run.nav, unlevered.cash_returns) for name, run in zip(ASNESS, runs, strict=True)}


def fitted_k() -> float:
    """Return the k of `asness_levered.yaml` with which the excess return has the published volatility."""
    prepared = bt.prepare(PAPERS / "asness_levered.yaml")

    def distance(k: float) -> float:
        run = prepared.run({"strategy.k": k})
        return excess_of(run.nav, run.cash_returns).volatility - ASNESS[LEVERED].volatility

    return float(brentq(distance, 0.02, 0.5, xtol=1e-5))


def by_decade() -> tuple[dict[int, float], dict[int, float]]:
    """Return the levered portfolio's average gross exposure and its mean excess return a year, by decade."""
    run = bt.run(PAPERS / "asness_levered.yaml")
    excess = (run.nav.pct_change() - run.cash_returns).iloc[1:]
    return _decades(run.gross_exposure), {decade: mean * 12 for decade, mean in _decades(excess).items()}


def _decades(values: pd.Series) -> dict[int, float]:
    decades = pd.DatetimeIndex(values.index).year // 10 * 10
    return {int(str(decade)): float(mean) for decade, mean in values.groupby(decades).mean().items()}


def financing_falls() -> dict[str, Loan]:
    """Return the levered portfolio's excess return over stocks by kind of loan."""
    found = {}
    for kind, (spread, _) in FINANCING.items():
        run = bt.run(PAPERS / "asness_levered.yaml", {"financing.spread_bps": spread})
        stocks = run.benchmarks[1]
        lead = float((run.nav.pct_change() - stocks.nav.pct_change()).mean())
        found[kind] = Loan(spread, lead * 1200, float((run.loan / run.nav).iloc[:-1].mean()))
    return found


def anderson_cases() -> dict[str, Lead]:
    """Return the lead of levered risk parity over 60/40 by kind of financing and cost."""
    found = {}
    for name, overrides in _CASES.items():
        run = bt.run(PAPERS / "anderson.yaml", overrides)
        balanced = benchmark_of(run)
        difference = bt.compare([balanced, run]).differences[run.name]["mean_return"]
        break_even = float(run.summary()["break_even"]["return_bps"])
        found[name] = Lead(difference.difference * 1e4, difference.p_value, break_even)
    return found


def exact_weights() -> dict[str, tuple[list[float], list[float]]]:
    """Return the ERC weights of two papers in percent, published and computed."""
    first = np.diag(np.array([0.1, 0.2, 0.3, 0.4]) ** 2)
    volatilities = np.array([0.10, 0.15, 0.20, 0.30])
    correlation = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    correlation[2, 3] = correlation[3, 2] = 0.75
    second = np.outer(volatilities, volatilities) * correlation
    return {
        "Maillard, Roncalli and Teïletche (2010)": ([48, 24, 16, 12], list(risk_parity_weights(first) * 100)),
        "Richard and Roncalli (2019)": ([41.01, 27.34, 18.99, 12.66], list(risk_parity_weights(second) * 100)),
    }
