"""Folder of a finished run: its configuration, and a check that a repeated run gives the same NAV."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.result import BacktestResult
from backtest.errors import ReportError
from backtest.reporting.files.manifest import MANIFEST, read_manifest

_SAME = 1e-9  # relative difference of NAV that other library versions may cause by rounding


def manifest_of_run(folder: Path) -> dict[str, Any]:
    """Return the manifest of a finished run, whose `config` has the shape of a configuration.

    Raises:
        ReportError: the folder does not hold the manifest of a run.
    """
    try:
        manifest = read_manifest(folder)
    except (OSError, ValueError):
        manifest = None
    if not is_of_run(manifest):
        raise ReportError(
            f"{folder}: a folder without the {MANIFEST} of a run; expected a configuration (a YAML file) or the folder "
            "of a finished run, such as reports/erc"
        )
    found: dict[str, Any] = manifest
    return found


def is_of_run(manifest: Any) -> bool:
    """Return whether a value, which may come from anywhere, has the shape of the manifest of a run."""
    config = manifest.get("config") if isinstance(manifest, dict) else None
    if not isinstance(config, dict):
        return False
    benchmark = config.get("benchmark") or []
    return all(map(_is_configuration, [config, *(benchmark if isinstance(benchmark, list) else [benchmark])]))


def _is_configuration(config: Any) -> bool:
    """Return whether a value has the shape of a configuration."""
    if not isinstance(config, dict) or not isinstance(config.get("name"), str):
        return False
    strategy = config.get("strategy")
    named = isinstance(strategy, dict) and isinstance(strategy.get("name"), str)
    return named and isinstance(config.get("data"), dict)


def check_repeated(result: BacktestResult, folder: Path) -> None:
    """Raise an error unless the NAV of a result equals the NAV of a finished run, to 1e-9.

    Args:
        result: result of the configuration in the manifest of the folder.
        folder: folder of the finished run.

    Raises:
        ReportError: the NAVs differ because the data or a strategy has changed, or `nav.csv` cannot be read.
    """
    path = folder / "nav.csv"
    try:
        written = _nav_in(path)
    except (OSError, ValueError) as problem:
        raise ReportError(f"{path}: cannot be read ({problem}). Hint: run its configuration again.") from problem
    navs = pd.concat([written, result.nav], axis=1)
    differs = ~np.isclose(navs.iloc[:, 0], navs.iloc[:, 1], rtol=_SAME, atol=0)
    if differs.any():
        first = navs.index[differs][0]
        raise ReportError(
            f"{path}: repeating the run of the {MANIFEST} next to it gives a different NAV from {first:%Y-%m-%d} on: "
            "its data, a strategy or the program has changed. Hint: compare the configuration, or run it again."
        )


def _nav_in(path: Path) -> pd.Series:
    """Return the NAV of the strategy in a file, which may have been edited.

    Raises:
        OSError: there is no file, or it cannot be read.
        ValueError: it is not a table of NAV by date.
    """
    if path.exists() and not path.is_file():
        raise ValueError("not a file")
    table = pd.read_csv(path, usecols=["date", "strategy"], dtype={"date": str, "strategy": float})
    dates = pd.DatetimeIndex(pd.to_datetime(table["date"], format="%Y-%m-%d"), name="date")
    if dates.has_duplicates or dates.hasnans:
        raise ValueError("a date is missing or appears twice")
    return table["strategy"].set_axis(dates)
