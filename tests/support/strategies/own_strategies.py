"""Run of a strategy written in the test."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import backtest as bt
from support.builders.market_files import dates_of, random_levels, write_config, write_csv, write_strategy

CLASSES = {"spx": "equities", "ust": "bonds", "gold": "commodities"}
HEAD = """
import numpy as np
import pandas as pd
from pydantic import PrivateAttr
from backtest.risk import portfolio_volatility
from backtest.strategy import MarketViews, Strategy
from backtest.strategies.erc import ERC
from backtest.strategies.levered_erc import LeveredERC
"""


def run_own(folder: Path, code: str | None, settings: dict[str, Any] | None = None, **data: Any) -> bt.BacktestResult:
    """Run the strategy `mine`, or the strategy that `settings` name, on 90 business days."""
    rng = np.random.default_rng(4)
    dates = dates_of("daily", 90, rng)
    prices = pd.DataFrame(random_levels(dates, [0.16, 0.06, 0.15], rng), index=dates, columns=list(CLASSES))
    prices.loc[prices.index[:40], "gold"] = np.nan if data.get("ragged") else prices.loc[prices.index[:40], "gold"]
    write_csv(prices, folder / "market.csv")
    if code is not None:
        write_strategy(folder, "mine", HEAD + code)
    config = write_config(
        folder / "run.yaml",
        data={"source": "csv", "path": "market.csv", "cash": 0.02, "assets": CLASSES, **data},
        estimation={"window": 20},
        strategy=settings or {"name": "mine"},
        rebalance={"frequency": "weekly"},
    )
    return bt.run(config)
