"""Synthetic markets and configurations as files: for tests that go from an input file to what a run leaves."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SPACINGS = {"daily": "B", "weekly": "W-FRI", "monthly": "ME"}


def dates_of(spacing: str, count: int, rng: np.random.Generator) -> pd.DatetimeIndex:
    """Rising dates from late 2018 on, so that ISO weeks and years differ at both ends; days with holidays taken out."""
    if spacing != "daily":
        return pd.date_range("2018-11-20", periods=count, freq=SPACINGS[spacing])
    days = pd.date_range("2018-11-20", periods=count + count // 10, freq="B")
    return days[np.sort(rng.choice(len(days), count, replace=False))]


def random_levels(
    dates: pd.DatetimeIndex, volatilities: Sequence[float], rng: np.random.Generator, drift: float = 0.04
) -> np.ndarray:
    """(T, k) positive levels, random walks of these annual volatilities that move together a little."""
    per_year = 365.25 * (len(dates) - 1) / (dates[-1] - dates[0]).days
    size = np.asarray(volatilities) / np.sqrt(per_year)
    shocks = rng.standard_normal((len(dates), len(size))) + 0.4 * rng.standard_normal((len(dates), 1))
    returns = np.clip(drift / per_year + size * shocks, -0.6, 1.5)
    levels: np.ndarray = 100 * np.cumprod(1 + returns, axis=0)
    return levels


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """A wide file: shortest round-trip numbers, so that the run reads the very doubles of the frame."""
    frame.set_axis(pd.DatetimeIndex(frame.index).strftime("%Y-%m-%d"), axis=0).to_csv(path, index_label="date")


def write_config(path: Path, **sections: Any) -> Path:
    """A configuration, `name` from the file's; JSON is YAML."""
    path.write_text(json.dumps({"name": path.stem, **sections}, indent=1), encoding="utf-8")
    return path


def write_strategy(folder: Path, name: str, code: str) -> None:
    """A strategy file in `strategies/` beside the configurations in `folder`."""
    (folder / "strategies").mkdir(exist_ok=True)
    (folder / "strategies" / f"{name}.py").write_text(code, encoding="utf-8")
