"""A run of two funds with known last closes, for tests of orders."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from support.builders.market_files import write_config

DATES = pd.bdate_range("2024-01-01", periods=60)
LAST_CLOSES = {"SPY": 100.0, "TLT": 40.0}


def config_of_two_funds(folder: Path, **sections: Any) -> Path:
    """Write closes with a dividend of SPY and TLT, and the configuration of a run that holds a half of each.

    The dividend raises the total-return level above the close, so that a price is known to be the close.
    """
    rng = np.random.default_rng(3)
    (folder / "prices").mkdir(exist_ok=True)
    for name, last in LAST_CLOSES.items():
        closes = np.exp(np.cumsum(rng.normal(0, 0.01, len(DATES))))
        table = pd.DataFrame({"Close": closes / closes[-1] * last, "Dividends": 0.0}, index=DATES.rename("date"))
        table.loc[DATES[30], "Dividends"] = 0.03 * last
        table.loc[DATES[-1], "Close"] = last
        table.to_csv(folder / "prices" / f"{name}.csv")
    data = {"source": "csv", "path": "prices", "assets": {"SPY": "equities", "TLT": "bonds"}, "cash": 0.02}
    data |= sections.pop("data", {})
    base = {"estimation": {"window": 20}, "strategy": "equal_weight", "costs": {"trading_bps": 10}}
    return write_config(folder / "half.yaml", data=data, **{**base, **sections})
