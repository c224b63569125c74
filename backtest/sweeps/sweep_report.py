"""Page of a sweep in its folder."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backtest.config import RunConfig, load_config
from backtest.errors import BacktestError, ReportError
from backtest.estimation.estimator import window_rows
from backtest.reporting.files.manifest import MANIFEST, plain_json
from backtest.reporting.pages.sweep_page import SweptRuns, SweptSetting, sweep_page
from backtest.runs.pipeline import data_settings_of
from backtest.sweeps.run_store import PAGE
from backtest.sweeps.sweep_numbers import NUMBERS
from backtest.sweeps.sweep_result import Sweep, text_of

_STARTS_WITH_NUMBER = re.compile(r"-?\d")  # windows and dates have an order, the one in which they are given
_LOOKED_UP = 50  # values of a setting, beyond which the configuration's own is not searched


def write_sweep_page(found: Sweep, folder: Path) -> Path:
    """Write the page of a sweep into its folder, and return its path.

    Raises:
        ReportError: the file cannot be written.
    """
    page = folder / PAGE
    temporary = page.with_name(f".{PAGE}.part")
    try:
        temporary.write_text(sweep_page(swept_runs(found, folder)), encoding="utf-8", newline="\n")
        temporary.replace(page)
    except OSError as problem:
        raise ReportError(f"{page}: cannot be written ({problem.strerror or problem}).") from problem
    finally:
        temporary.unlink(missing_ok=True)
    return page


def swept_runs(found: Sweep, folder: Path) -> SweptRuns:
    """Return the runs of a sweep as its page shows them.

    Args:
        found: the sweep.
        folder: its folder; the manifest there is what a single run is made from.
    """
    ranked = sorted(NUMBERS, key=lambda key: key != "sharpe")
    return SweptRuns(
        name=found.config.name,
        settings=[_setting(found, at) for at in range(len(found.points.values))],
        metrics={key: found.numbers.numbers[:, NUMBERS.index(key)] for key in ranked},
        errors=found.numbers.errors,
        dates=_dates(found.frame),
        chance={} if found.chance is None else asdict(found.chance),
        benchmark="" if found.config.benchmark is None else found.config.benchmark.name,
        notes=found.notes,
        command="" if found.market is not None else _command(folder / MANIFEST),
    )


def _command(manifest: Path) -> str:
    return f"python -m backtest run {shlex.quote(manifest.as_posix())}"


def _setting(found: Sweep, at: int) -> SweptSetting:
    """Return a setting with each of its values once; numbers in ascending order."""
    name, given = list(found.points.values.items())[at]
    plain = [plain_json(value) for value in given]
    keys = [json.dumps(value, sort_keys=True) for value in plain]
    distinct = dict(zip(keys, plain, strict=True))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in plain)
    order = sorted(distinct, key=lambda key: distinct[key]) if numbers else list(distinct)
    values, texts = [distinct[key] for key in order], [text_of(distinct[key]) for key in order]
    places = np.array([*map({key: place for place, key in enumerate(order)}.get, keys), -1], dtype=np.int64)
    return SweptSetting(
        name=name,
        values=values,
        texts=texts,
        codes=places[found.points.codes[:, at]],
        ordered=all(map(_STARTS_WITH_NUMBER.match, texts)),
        configured=_configured(found, name, values),
    )


def _configured(found: Sweep, name: str, values: Sequence[Any]) -> int | None:
    """Return the position of the value that leaves the configuration as it is."""
    if len(values) > _LOOKED_UP:
        return None
    own = _rule(found, found.config)
    for at, value in enumerate(values):
        try:
            changed = load_config(found.config, {name: value}, data=data_settings_of(found.market))
        except BacktestError:  # a value that fits only together with others
            continue
        if _rule(found, changed) == own:
            return at
    return None


def _rule(found: Sweep, config: RunConfig) -> dict[str, Any]:
    """Return the settings of a configuration with its window in rows, because 3Y may be written as 36."""
    settings, per_year = config.resolved(), int(found.numbers.per_year.max())
    if per_year and settings["estimation"].get("window") is not None:
        settings["estimation"]["window"] = window_rows(settings["estimation"]["window"], per_year)
    return settings


def _dates(frame: pd.DataFrame) -> str:
    """Return the dates that runs cover, in words."""
    known: Mapping[str, pd.Series] = {name: frame[name].dropna() for name in ("first_date", "last_date")}
    if known["first_date"].empty:
        return ""
    ends = [sorted({f"{date:%b %Y}" for date in (dates.min(), dates.max())}) for dates in known.values()]
    first, last = known["first_date"].min(), known["last_date"].max()
    same = all(len(each) == 1 for each in ends)
    return f"{first:%b %Y} – {last:%b %Y}{'' if same else ', not the same for all runs'}"
