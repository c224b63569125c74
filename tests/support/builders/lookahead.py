"""Harness of the look-ahead tests: run a case, overwrite all values after a date, run again, compare bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import backtest as bt
from backtest.config import RunConfig, load_config
from backtest.reporting.files.report_files import tables
from backtest.reporting.files.table_files import csv_bytes
from backtest.testing.later_data import Overwrite, overwritten, rows_until, wilder
from support.builders.market_files import dates_of, random_levels, write_config, write_csv

CLASSES = {"spx": "equities", "ust": "bonds", "gold": "commodities", "oil": "commodities"}
COLUMNS = {"spx": 0.16, "ust": 0.06, "gold": 0.15, "oil": 0.3, "world": 0.2, "bills": 0.002, "cpi": 0.01}
"""Volatility of each column: four assets, one that only the benchmark holds, cash, and a macro series."""

LENGTHS = {"daily": 90, "monthly": 42}
WINDOWS = {"daily": 20, "monthly": 12}


@dataclass(frozen=True)
class Case:
    """A run and its benchmark, as files in a folder."""

    strategy: str
    settings: Mapping[str, Any]
    spacing: str = "daily"
    lag: int = 1
    ragged: bool = False
    values: str = "prices"
    leverage: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        settings = [*self.settings.values(), *(self.leverage or {}).values()]
        words = [self.strategy, *map(str, settings), self.spacing, f"lag{self.lag}"]
        return "-".join(
            [*words, *(["ragged"] if self.ragged else []), *(["returns"] if self.values == "returns" else [])]
        )

    @property
    def frequency(self) -> str:
        """Rebalance frequency: daily data weekly, so that most dates decide nothing; monthly data on every date."""
        return "weekly" if self.spacing == "daily" else "monthly"


def market(case: Case) -> pd.DataFrame:
    """Return the values of the file: total-return levels, or returns."""
    rng = np.random.default_rng(17)
    dates = dates_of(case.spacing, LENGTHS[case.spacing], rng)
    frame = pd.DataFrame(random_levels(dates, list(COLUMNS.values()), rng), index=dates, columns=list(COLUMNS))
    if case.values == "returns":
        frame = frame.pct_change().iloc[1:]
    if case.ragged:
        frame.loc[: frame.index[len(frame) // 3], "gold"] = np.nan
        frame.loc[frame.index[3 * len(frame) // 4] :, "oil"] = np.nan
    return frame


def write_files(folder: Path, case: Case) -> Path:
    """Write the configurations of the case and of its benchmark; every cost is charged, so that each is compared."""
    terms: dict[str, Any] = {
        "estimation": {"covariance": "sample", "window": WINDOWS[case.spacing]},
        "costs": {"trading_bps": 15},
        "financing": {"spread_bps": 60, "cash_spread_bps": 20, "borrow_fee_bps": 30},
        "fees": {"management_bps": 25, "expense_ratio_bps": 12},
    }
    source: dict[str, Any] = {"source": "csv", "path": "market.csv", "values": case.values, "cash": "bills"}
    source["periods_per_year"] = 12  # for daily data too, so that trailing years fit into few rows
    followed = "benchmark" in (  # it may hold only assets with a covariance in the run
        case.settings.get("target_volatility"),
        (case.leverage or {}).get("target_volatility"),
    )
    held = ["spx" if followed else "world", "ust"]
    write_config(
        folder / "benchmark.yaml",
        **terms,
        data={**source, "assets": held, "classes": {held[0]: "equities", "ust": "bonds"}},
        strategy={"name": "sixty_forty"},
        rebalance={"frequency": "monthly", "execution_lag": case.lag},
    )
    return write_config(
        folder / "run.yaml",
        **terms,
        data={**source, "assets": list(CLASSES), "classes": CLASSES, "ragged": case.ragged},
        strategy={"name": case.strategy, **case.settings},
        leverage=case.leverage,
        rebalance={"frequency": case.frequency, "execution_lag": case.lag},
        benchmark="benchmark.yaml",
    )


def outputs(config: RunConfig) -> dict[str, bytes]:
    """Return every CSV file of a run by name; the data is read from its file each time."""
    return {name: csv_bytes(table) for name, table in tables(bt.run(config)).items()}


class Harness:
    """Runs a case in a folder, and runs it again with the file overwritten after a date."""

    def __init__(self, folder: Path, case: Case) -> None:
        self.case, self.csv = case, folder / "market.csv"
        self.values = market(case)
        write_csv(self.values, self.csv)
        self.config = load_config(write_files(folder, case))
        self.before = outputs(self.config)

    def leaks(self, row: int, overwrite: Overwrite) -> list[str]:
        """Return the output files that differ on or before the date at `row` if all values after it are overwritten."""
        changed = overwritten(overwrite, self.values, row, np.random.default_rng(row), "bills")
        known, later = slice(None, row + 1), slice(row + 1, None)
        assert changed.iloc[known].equals(self.values.iloc[known]), "the harness may not touch what is known"
        same = (changed.iloc[later] == self.values.iloc[later]).any(axis=None)
        assert not same, "the harness has to overwrite all that is not known"
        write_csv(changed, self.csv)
        try:
            after = outputs(self.config)
        finally:
            write_csv(self.values, self.csv)
        day = self.values.index[row]
        assert after["nav"] != self.before["nav"], "what follows has to differ, or nothing was put to the test"
        assert after.keys() == self.before.keys()
        return [name for name, csv in self.before.items() if rows_until(csv, day) != rows_until(after[name], day)]

    def cuts(self) -> dict[str, int]:
        """Return rows after which to overwrite, each at a different point of the run."""
        dates = pd.DatetimeIndex(self.values.index)
        decided = pd.DatetimeIndex([row[:10].decode() for row in self.before["target_weights"].splitlines()[1:]])
        second, middle = (int(dates.searchsorted(decided[k])) for k in (1, 2 * len(decided) // 3))
        return {
            "the second decision": second,
            "before a decision": middle - 1,
            "a decision": middle,
            "the trade of a lag of 1": middle + 1,
            "the last that has an after": len(dates) - 2,
        }

    def caught(self) -> set[str]:
        """Return the output files that leak with a cut at a decision, beyond which a look a day ahead reads."""
        return set(self.leaks(self.cuts()["a decision"], wilder))


def ended(frame: pd.DataFrame, row: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return another future, without a price of gold: the end of prices is not known in advance either."""
    return wilder(frame, row, rng).assign(gold=frame["gold"].where(np.arange(len(frame)) <= row))
