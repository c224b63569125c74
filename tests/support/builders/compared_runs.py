"""Runs to compare, on synthetic prices, and the message of a refused comparison."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.analysis import BacktestResult
from backtest.errors import ComparisonError
from backtest.runs.compared_runs import compare
from support.builders.market_files import random_levels, write_config, write_csv

EXACT = 1e-12  # roundings of sums of some hundred numbers near 1


def write_prices(folder: Path, dates: pd.DatetimeIndex, seed: int = 0) -> pd.DataFrame:
    """Prices of four assets; `prices.csv` has all dates, `fewer.csv` lacks every seventh date from the 40th on."""
    rng = np.random.default_rng(seed)
    levels = random_levels(dates, [0.18, 0.06, 0.15, 0.25], rng)
    prices = pd.DataFrame(levels, index=dates, columns=["stocks", "bonds", "gold", "oil"])
    write_csv(prices, folder / "prices.csv")
    write_csv(prices.drop(index=dates[40::7]), folder / "fewer.csv")
    return prices


def run_config(
    folder: Path, name: str, path: str = "prices.csv", assets: Sequence[str] = ("stocks", "bonds"), **more: Any
) -> Path:
    sections = {
        "data": {"source": "csv", "path": path, "assets": list(assets), "cash": 0.02, **more.pop("data", {})},
        "strategy": {"name": "erc"},
        "estimation": {"window": 24},
        "costs": {"trading_bps": 25},
        **more,
    }
    return write_config(folder / f"{name}.yaml", **sections)


def refusal(results: Sequence[BacktestResult]) -> str:
    with pytest.raises(ComparisonError) as caught:
        compare(results)
    return str(caught.value)
