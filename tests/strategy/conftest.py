"""Market and runs of scaled strategies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from support.builders.market_files import dates_of, random_levels, write_csv
from support.strategies.scaled_runs import CLASSES, write_run


@pytest.fixture
def prices() -> pd.DataFrame:
    """Four assets and cash, on 150 business days."""
    rng = np.random.default_rng(5)
    dates = dates_of("daily", 150, rng)
    return pd.DataFrame(
        random_levels(dates, [0.16, 0.06, 0.15, 0.3, 0.002], rng), index=dates, columns=[*CLASSES, "bills"]
    )


@pytest.fixture
def run(tmp_path: Path, prices: pd.DataFrame) -> Callable[..., bt.BacktestResult]:
    """A run on these prices, of a strategy under some leverage."""
    write_csv(prices, tmp_path / "market.csv")

    def of(strategy: dict[str, Any], leverage: dict[str, Any] | None = None, **others: Any) -> bt.BacktestResult:
        return bt.run(write_run(tmp_path, "run", strategy, leverage, **others))

    return of
