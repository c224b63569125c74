"""Parts of charts: series and panels, as the page's script reads them.

A chart has places along its axis (`x`: dates from `embedding.steps`, labels, or values) and panels below each other. A
panel has a unit (a format of `reporting.format`), a height in pixels and series. A series has a key (a click on its
name hides it on the whole page), a colour (a number of the palette, or the name of a CSS variable) and values.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from backtest.analysis.drawing.thinning import rows_to_draw
from backtest.analysis.run_record import RunRecord
from backtest.analysis.tables.crises import overlapping_crises
from backtest.reporting.charts.embedding import days, numbers, steps
from backtest.reporting.colours import DASHES, PALETTE
from backtest.reporting.display_names import asset_name

Chart = dict[str, Any]

SHARED = ("strategy", "benchmark")
"""Keys of series that occur in many charts of a tearsheet."""

ASSET = "asset: "
"""Prefix of the keys of assets."""

ZERO: Mapping[str, Any] = {"axis": "y", "at": 0, "colour": "quiet"}
"""Line at zero."""

WHOLE: Mapping[str, Any] = {"axis": "y", "at": 1, "colour": "ink", "dash": "dotted"}
"""Line at 100 % of NAV."""

_ROWS = 1600  # more than a chart has pixels


def series(key: str, name: str, colour: int | str, values: Any, style: str = "line", **more: Any) -> dict[str, Any]:
    """Return one series of a panel."""
    return {"key": key, "name": name, "colour": colour, "style": style, "values": values, **more}


def panel(title: str, unit: str, height: int, drawn: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Return one panel of a chart."""
    return {"title": title, "unit": unit, "height": height, "series": list(drawn), **more}


def stacked(
    table: pd.DataFrame,
    colours: Mapping[str, int | str],
    name: str,
    total: pd.Series,
    *,
    prefix: str = ASSET,
    step: bool = False,
) -> list[dict[str, Any]]:
    """Return columns as stacked series in the order of the colours, and their total as a line if any is negative."""
    more: dict[str, Any] = {"step": True} if step else {}
    drawn = [
        series(
            f"{prefix}{column}",
            asset_name(column) if prefix == ASSET else column,
            colour,
            numbers(table.iloc[:, place]),
            "stack",
            **more,
        )
        for place, (column, colour) in enumerate(colours.items())
    ]
    if (table < 0).any(axis=None):
        drawn.append(series(f"total: {name}", name, "ink", numbers(total), dash="dashed", **more))
    return drawn


def exposures(
    result: RunRecord, folded: pd.DataFrame, colours: Mapping[str, int | str], title: str, *, prefix: str = ASSET
) -> Chart:
    """Return the chart of stacked weights, the gross exposure and, where there are shorts, the net exposure.

    Args:
        result: result of a run.
        folded: (P, k) fractions of NAV after each close's trades, by asset or class.
        colours: colour of each column.
        title: title of the panel.
        prefix: prefix of the keys of the columns.
    """
    table = thin_rows(pd.concat([folded, result.weights.sum(axis=1), result.gross_exposure], axis=1))
    folded, net, gross = table.iloc[:, :-2], table.iloc[:, -2], table.iloc[:, -1]
    drawn = stacked(folded, colours, "net exposure", net, prefix=prefix)
    drawn.append(series("gross exposure", "gross exposure", "ink", numbers(gross), thin=True))
    return {
        "x": {"dates": steps(table.index)},
        "panels": [panel(title, "percent", 300, drawn, zero=True, marks=[WHOLE])],
    }


def colour_and_dash(place: int) -> tuple[int, int]:
    """Return the numbers of a colour (of ten) and of dashes (of five); after ten, colours repeat with other dashes.

    >>> [colour_and_dash(place) for place in (0, 4, 5, 10)]
    [(0, 0), (4, 4), (5, 0), (0, 1)]
    """
    return place % len(PALETTE), (place + place // len(PALETTE)) % len(DASHES)


def has_values(drawn: Mapping[str, Any]) -> bool:
    """Return whether a panel has a value to show; a ratio without risk is missing on every date."""
    return any(value is not None for line in drawn["series"] for value in line["values"])


def legend(chart: Chart) -> list[dict[str, Any]]:
    """Return the series of a chart that a click hides, each once.

    Series that occur in all charts (with a key in `SHARED` or an asset's key) are left out: the page names them once.
    """
    every = {drawn["key"]: drawn for part in chart["panels"] for drawn in part["series"] if drawn["style"] != "range"}
    return [
        {part: drawn[part] for part in ("key", "name", "colour")}
        for key, drawn in every.items()
        if key not in SHARED and not key.startswith(ASSET)
    ]


def thin_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table that a chart needs; see `rows_to_draw`."""
    return table.iloc[rows_to_draw(table.to_numpy(), max(_ROWS, 2 * table.shape[1] + 2))]


def crises_within(dates: pd.Index) -> list[dict[str, Any]]:
    """Return the crises that shade charts of these dates: name, and first and last day since 1970."""
    crises = overlapping_crises(pd.DatetimeIndex(dates))
    ends = zip(
        *(days(pd.DatetimeIndex([getattr(crisis, end) for crisis in crises])) for end in ("start", "end")), strict=True
    )
    return [{"name": crisis.name, "from": start, "to": end} for crisis, (start, end) in zip(crises, ends, strict=True)]
