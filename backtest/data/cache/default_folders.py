"""Environment variables: the default folders, read when the program starts, and the ledger of trials."""

import os
from pathlib import Path


def folder_in(variable: str, default: str) -> Path:
    """Return the folder that an environment variable names; the default one if it is unset or empty.

    >>> folder_in("BACKTEST_NOWHERE", "reports").as_posix()
    'reports'
    """
    return Path(os.environ.get(variable) or default).expanduser()


DATA_CACHE = "data_cache"
"""The setting `data.cache` of configurations that name no other folder."""

CACHE = folder_in("BACKTEST_CACHE", DATA_CACHE)
"""Folder of fetched series, unless a configuration names another one."""

REPORTS = folder_in("BACKTEST_REPORTS", "reports")
"""Default folder of runs and comparisons, which has an index page."""

TRIALS = "BACKTEST_TRIALS"
"""Variable that turns the ledger of trials off, with the value `off`; it is read for each run."""
