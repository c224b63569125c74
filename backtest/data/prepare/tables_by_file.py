"""Raw series as tables: closes become total-return levels, and the series of one file share a table."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from backtest.data.preparation import Preparation
from backtest.data.prepare.total_return import total_return_level
from backtest.data.raw_series import RawSeries
from backtest.data.series_table import SeriesTable

_Member = tuple[str, RawSeries, pd.Series]  # name, raw series, and its levels or returns


def tabulate(data: Preparation) -> Preparation:
    """Return tables of levels or returns, one per file, and the quoted rates, which are not in a table."""
    held = set(data.series.assets)
    exchange = {spec for spec in data.series.fx.values() if spec not in held}  # not investments: no caveats of one
    files: dict[tuple[str | None, ...], list[_Member]] = {}
    rates, notes = {}, list[str]()
    for spec in data.series.aligned:
        raw = data.raw[spec]
        values, caveats = level_or_return(spec.name, raw)
        notes += [f"{spec.name}: {note}" for note in (*(() if spec in exchange else raw.notes), *caveats)]
        if raw.kind == "rate":
            rates[spec.name] = raw
        else:
            files.setdefault((spec.source, spec.path, raw.label, raw.kind), []).append((spec.name, raw, values))
    tables = tuple(_table(members) for members in files.values())
    return replace(data, tables=tables, rates=rates, notes={**data.notes, "series": tuple(notes)})


def level_or_return(name: str, raw: RawSeries) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the level, return or rate of a series by date, and caveats of its calculation.

    Closes at or below zero give meaningless values; `check` refuses them.
    """
    if raw.kind != "closes":
        return pd.Series(raw.values.to_numpy()[:, 0], index=raw.values.index, name=name, copy=False), ()
    with np.errstate(all="ignore"):
        level, caveats = total_return_level(raw.values)
    return level.rename(name), caveats


def _table(members: Sequence[_Member]) -> SeriesTable:
    """Return the series of one file on its dates."""
    _, first, values = members[0]
    are_returns = first.kind == "returns"
    if not all(other.index.equals(values.index) for _, _, other in members):
        # two symbols of one address, fetched at different times
        joined = pd.concat([other for _, _, other in members], axis=1, sort=True)
        return SeriesTable(joined, first.label, are_returns)
    frame = pd.DataFrame({name: other.to_numpy() for name, _, other in members}, index=values.index)
    places = first.places if len(frame) == len(first.values) else ()
    return SeriesTable(frame, first.label, are_returns, places)
