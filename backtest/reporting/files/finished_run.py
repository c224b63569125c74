"""Folder of a finished run: its configuration, and a check that a repeated run gives the same NAV."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.result import BacktestResult
from backtest.errors import ReportError
from backtest.reporting.files.manifest import MANIFEST

_SAME = 1e-9  # relative difference of NAV that other library versions may cause by rounding


def configuration_of(folder: Path) -> dict[str, Any]:
    """Return the resolved configuration in the manifest of a finished run.

    Raises:
        ReportError: the folder does not hold the manifest of a run.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        manifest = None
    config = manifest.get("config") if isinstance(manifest, dict) else None
    if not isinstance(config, dict) or not {"name", "data", "strategy"} <= set(config):
        raise ReportError(
            f"{folder}: a folder without the {MANIFEST} of a run; expected a configuration (a YAML file) or the folder "
            "of a finished run, such as reports/erc"
        )
    return config


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
        written = pd.read_csv(path, index_col="date", parse_dates=["date"])["strategy"]
    except (OSError, ValueError, KeyError) as problem:
        raise ReportError(f"{path}: cannot be read ({problem}). Hint: run its configuration again.") from problem
    navs = pd.concat([written, result.nav], axis=1)
    differs = ~np.isclose(navs.iloc[:, 0], navs.iloc[:, 1], rtol=_SAME, atol=0)
    if differs.any():
        first = navs.index[differs][0]
        raise ReportError(
            f"{path}: repeating the run of the {MANIFEST} next to it gives a different NAV from {first:%Y-%m-%d} on: "
            "its data, a strategy or the program has changed. Hint: compare the configuration, or run it again."
        )
