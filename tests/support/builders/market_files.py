"""Synthetic markets and configurations as files, for tests that go from an input file to the output of a run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

PRICED_DATES = pd.bdate_range("2024-01-01", periods=60)
LAST_CLOSES = {"SPY": 100.0, "TLT": 40.0}
SPACINGS = {"daily": "B", "weekly": "W-FRI", "monthly": "ME"}


def dates_of(spacing: str, count: int, rng: np.random.Generator) -> pd.DatetimeIndex:
    """Return rising dates from late 2018 on, so that ISO weeks and years differ at both ends; days omit holidays."""
    if spacing != "daily":
        return pd.date_range("2018-11-20", periods=count, freq=SPACINGS[spacing])
    days = pd.date_range("2018-11-20", periods=count + count // 10, freq="B")
    return days[np.sort(rng.choice(len(days), count, replace=False))]


def random_levels(
    dates: pd.DatetimeIndex, volatilities: Sequence[float], rng: np.random.Generator, drift: float = 0.04
) -> np.ndarray:
    """Return (T, k) positive levels: slightly correlated random walks of these annual volatilities."""
    per_year = 365.25 * (len(dates) - 1) / (dates[-1] - dates[0]).days
    size = np.asarray(volatilities) / np.sqrt(per_year)
    shocks = rng.standard_normal((len(dates), len(size))) + 0.4 * rng.standard_normal((len(dates), 1))
    returns = np.clip(drift / per_year + size * shocks, -0.6, 1.5)
    levels: np.ndarray = 100 * np.cumprod(1 + returns, axis=0)
    return levels


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a wide file with shortest round-trip numbers, so that the run reads the same doubles as in the frame."""
    frame.set_axis(pd.DatetimeIndex(frame.index).strftime("%Y-%m-%d"), axis=0).to_csv(path, index_label="date")


def write_config(path: Path, **sections: Any) -> Path:
    """Write a configuration as JSON, which is valid YAML; `name` comes from the file's name."""
    path.write_text(json.dumps({"name": path.stem, **sections}, indent=1), encoding="utf-8")
    return path


def write_strategy(folder: Path, name: str, code: str) -> None:
    """Write a strategy file in `strategies/` next to the configurations in `folder`."""
    (folder / "strategies").mkdir(exist_ok=True)
    (folder / "strategies" / f"{name}.py").write_text(code, encoding="utf-8")


def config_of_two_funds(folder: Path, **sections: Any) -> Path:
    """Write closes with a dividend of SPY and TLT, and the configuration of a run that holds a half of each.

    The dividend raises the total-return level above the close, so that a price is known to be the close.
    """
    rng = np.random.default_rng(3)
    (folder / "prices").mkdir(exist_ok=True)
    for name, last in LAST_CLOSES.items():
        closes = np.exp(np.cumsum(rng.normal(0, 0.01, len(PRICED_DATES))))
        table = pd.DataFrame({"Close": closes / closes[-1] * last, "Dividends": 0.0}, index=PRICED_DATES.rename("date"))
        table.loc[PRICED_DATES[30], "Dividends"] = 0.03 * last
        table.loc[PRICED_DATES[-1], "Close"] = last
        table.to_csv(folder / "prices" / f"{name}.csv")
    data = {"source": "csv", "path": "prices", "prices": "raw", "cash": 0.02}
    data |= {"assets": {"SPY": "equities", "TLT": "bonds"}}
    data |= sections.pop("data", {})
    base = {"estimation": {"window": 20}, "strategy": "equal_weight", "costs": {"trading_bps": 10}}
    return write_config(folder / "half.yaml", data=data, **{**base, **sections})
