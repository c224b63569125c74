"""Random markets as files, with configurations next to them, and the oracle's `Case` that reads the same numbers."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from support.agreement.run_case import SCRIPTED, Case
from support.builders.market_files import dates_of, random_levels, write_config, write_csv, write_strategy
from support.oracle import oracle

NAMES = ["aa", "bb", "cc", "dd"]
VOLATILITIES = [0.18, 0.05, 0.14, 0.26]
PERIODS = {"daily": 252, "weekly": 52, "monthly": 12}
LENGTHS = {"daily": 150, "weekly": 90, "monthly": 70}


@dataclass
class Files:
    """A folder with a file of prices, for configurations next to it.

    Args:
        folder: of the files.
        frame: contents of the file of prices.
        data: the `data:` section.
    """

    folder: Path
    frame: pd.DataFrame
    data: dict[str, Any]

    def rewrite(self, frame: pd.DataFrame) -> None:
        """Replace the contents of the file."""
        self.frame = frame
        write_csv(frame, self.folder / "market.csv")

    def config(self, name: str, case: Case, **more: Any) -> Path:
        return write_config(
            self.folder / f"{name}.yaml",
            data={**self.data, "assets": case.assets, "ragged": case.ragged},
            estimation={"window": case.window},
            strategy=case.strategy,
            rebalance={"frequency": case.frequency, "execution_lag": case.lag},
            **case.terms,
            **more,
        )


def random_case(
    folder: Path, rng: np.random.Generator, spacing: str, strategy: dict[str, Any], *, cash: str, margin: int = 0
) -> tuple[Case, Files]:
    """Write a random market to a file, and return the case and the files.

    Args:
        folder: for the file.
        rng: source of all random numbers.
        spacing: of the dates.
        strategy: its settings.
        cash: `series` or `rate`.
        margin: number of dates in the file before `start` and after `end`.
    """
    dates = dates_of(spacing, LENGTHS[spacing] + 2 * margin, rng)
    frame = pd.DataFrame(random_levels(dates, [*VOLATILITIES, 0.004], rng), index=dates, columns=[*NAMES, "bills"])
    write_csv(frame, folder / "market.csv")
    write_strategy(folder, "scripted", SCRIPTED)
    data: dict[str, Any] = {"source": "csv", "path": "market.csv", "cash": "bills"}
    if margin:
        data |= {"start": f"{dates[margin]:%Y-%m-%d}", "end": f"{dates[-margin - 1]:%Y-%m-%d}"}
        frame = frame.iloc[margin:-margin]
    days = [day.date() for day in frame.index]
    if cash == "rate":
        data["cash"] = float(rng.uniform(-0.01, 0.06))
        earned = [0.0] + [oracle.annual_rate_return(data["cash"], (b - a).days) for a, b in pairwise(days)]
    else:
        bills = frame["bills"].tolist()
        earned = [0.0] + [b / a - 1 for a, b in pairwise(bills)]
    prices: dict[str, list[float | None]] = {name: frame[name].tolist() for name in NAMES}
    return Case(days, prices, earned, PERIODS[spacing], strategy), Files(folder, frame, data)


def random_terms(rng: np.random.Generator, *, per_asset: bool, free: bool) -> dict[str, Any]:
    """Return costs, financing and fees: none, one number each, or one number for each asset."""
    if free:
        return {}

    def some(high: float) -> Any:
        values = rng.uniform(0, high, len(NAMES)).round(3).tolist()
        return dict(zip(NAMES, values, strict=True)) if per_asset else values[0]

    return {
        "costs": {"trading_bps": some(80)},
        "financing": {
            "spread_bps": float(rng.uniform(0, 300)),
            "cash_spread_bps": float(rng.uniform(0, 60)),
            "borrow_fee_bps": some(400),
        },
        "fees": {"management_bps": float(rng.uniform(0, 150)), "expense_ratio_bps": some(100)},
    }


STRATEGIES: dict[str, dict[str, Any]] = {
    "fixed": {"name": "sixty_forty", "weights": {"aa": 0.5, "bb": 0.3, "dd": 0.2}},
    "fixed_with_cash": {"name": "sixty_forty", "weights": {"aa": 0.35, "bb": 0.25}},
    "fixed_levered": {"name": "sixty_forty", "weights": {"aa": 0.6, "bb": 1.1, "cc": 0.3}},
    "fixed_short": {"name": "sixty_forty", "weights": {"aa": 0.9, "bb": -0.5, "cc": 0.4, "dd": -0.2}},
    "fixed_short_levered": {"name": "sixty_forty", "weights": {"aa": -0.4, "bb": 1.6, "cc": 0.3}},
    "scripted": {"name": "scripted"},
    "equal_weight": {"name": "equal_weight"},
    "inverse_volatility": {"name": "inverse_volatility"},
    "erc": {"name": "erc"},
    "erc_with_budgets": {"name": "erc", "budgets": {"aa": 0.1, "bb": 0.4, "cc": 0.3, "dd": 0.2}},
    "levered_erc": {"name": "levered_erc"},
    "levered_erc_capped": {"name": "levered_erc", "target_volatility": 0.25, "max_gross_exposure": 2.2},
}
