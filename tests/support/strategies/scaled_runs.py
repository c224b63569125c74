"""Configurations of scaled strategies, and measures that compare their results.

Gross exposure shows the multiple: the strategies here hold weights that add up to one.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import backtest as bt
from backtest.reporting.files.report_files import tables
from backtest.reporting.files.table_files import csv_bytes
from support.builders.market_files import write_config

CLASSES = {"spx": "equities", "ust": "bonds", "gold": "commodities", "oil": "commodities"}
SIXTY_FORTY = {"name": "sixty_forty", "weights": {"spx": 0.6, "ust": 0.4}}
UNBOUND = {"max_gross_exposure": 100}


def write_run(
    folder: Path, name: str, strategy: dict[str, Any], leverage: dict[str, Any] | None, **others: Any
) -> Path:
    """Write the configuration of a run on `market.csv`."""
    sections: dict[str, Any] = {
        "data": {"source": "csv", "path": "market.csv", "cash": "bills", "assets": CLASSES},
        "estimation": {"window": 25},
        "rebalance": {"frequency": "weekly"},
        "costs": {"trading_bps": 10},
        "financing": {"spread_bps": 50},
    }
    return write_config(folder / f"{name}.yaml", **{**sections, **others}, strategy=strategy, leverage=leverage)


def gross(result: bt.BacktestResult) -> np.ndarray:
    """Gross exposure of the target weights, (m,)."""
    exposure: np.ndarray = result.target_weights.abs().sum(axis=1).to_numpy()
    return exposure


def excess_returns(prices: pd.DataFrame) -> pd.DataFrame:
    returns = prices.pct_change()
    return returns[list(CLASSES)].sub(returns["bills"], axis=0)


def assert_same_tables(one: bt.BacktestResult, other: bt.BacktestResult) -> None:
    """Check that all tables of the two reports are equal to the byte."""
    for (name, left), right in zip(tables(one).items(), tables(other).values(), strict=True):
        assert csv_bytes(left) == csv_bytes(right), name


FREE: dict[str, Any] = {
    "data": {"source": "csv", "path": "market.csv", "cash": "bills", "assets": {"spx": "equities"}},
    "rebalance": {"frequency": "monthly", "execution_lag": 0},
    "costs": {},
    "financing": {},
}
ALL_IN = {"name": "equal_weight"}
