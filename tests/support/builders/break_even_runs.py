"""Runs with a benchmark, on a market of two assets or extending the shipped levered ERC."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from support.builders.market_files import write_config, write_csv, write_strategy

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
LEVERED = CONFIGS / "levered_erc.yaml"

MULTIPLE = """
import pandas as pd
from backtest.strategy import MarketView, Strategy

class Multiple(Strategy):
    '''A multiple of NAV in one asset.'''

    asset: str
    multiple: float = 1.0

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series({self.asset: self.multiple})
"""
HALFWAY = """
from typing import ClassVar

import pandas as pd
from backtest.strategy import MarketView, Strategy

class Halfway(Strategy):
    '''Moves half way from its holdings to twice its NAV in stocks, so its weights depend on the price of its loan.'''

    reads_current_weights: ClassVar[bool] = True

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series({"stocks": 1.0 + view.current_weights["stocks"] / 2})
"""

SWITCHING = """
import pandas as pd
from backtest.strategy import MarketView, Strategy

class Switching(Strategy):
    '''Eleven times NAV in stocks in odd months, in bonds in even ones.'''

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series({"stocks" if view.as_of.month % 2 else "bonds": 11.0})
"""


def market(folder: Path, stocks: list[float], bonds: list[float]) -> None:
    """Return month-ends from January 2020 on, at level 100 before the first of these monthly returns."""
    dates = pd.date_range("2020-01-31", periods=len(stocks) + 1, freq="ME")
    levels = {
        name: 100 * np.cumprod([1.0, *(1 + np.array(one))]) for name, one in (("stocks", stocks), ("bonds", bonds))
    }
    write_csv(pd.DataFrame(levels, index=dates), folder / "prices.csv")
    write_strategy(folder, "multiple", MULTIPLE)
    write_strategy(folder, "halfway", HALFWAY)


def config(
    folder: Path, strategy: dict[str, Any], against: dict[str, Any], *, cash: float = 0.0, **sections: Any
) -> Path:
    """Write a configuration of a strategy and of its benchmark, on the market in the folder."""
    data = {"source": "csv", "path": "prices.csv", "assets": ["stocks", "bonds"], "cash": cash}
    write_config(folder / "other.yaml", data=data, strategy={"name": "multiple", **against})
    return write_config(
        folder / "levered.yaml",
        data=data,
        strategy={"name": "multiple", **strategy},
        benchmark="other.yaml",
        **sections,
    )


def of_multiple(folder: Path, multiple: float, against: dict[str, Any], **more: Any) -> Path:
    return config(folder, {"asset": "stocks", "multiple": multiple}, against, **more)


def random_months(count: int, seed: int = 1) -> list[float]:
    return list(0.006 + 0.03 * np.random.default_rng(seed).standard_normal(count))


def extending_levered(folder: Path, settings: str) -> Path:
    """Write a configuration that extends the shipped levered ERC."""
    path = folder / "levered.yaml"
    path.write_text(f"extends: {LEVERED.as_posix()}\n{settings}\n", encoding="utf-8")
    return path
