"""Strips of dots and whiskers: a number and its interval, the strategy above the benchmark on one shared axis."""

from collections.abc import Mapping
from typing import Any

from backtest.reporting.format import is_missing

_MARGIN = 4.0  # percent of the width that stays free at either end, for the dots


def interval_strips(summary: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each metric's strip: side, and the places of the dot and the whisker in percent of the width.

    A metric without an interval for the run has no strip.

    >>> row, = interval_strips({"cagr": 0.05, "confidence": {"cagr": [0.0, 0.1]}}, ("cagr",))["cagr"]
    >>> row
    {'side': 'strategy', 'low': 4.0, 'dot': 50.0, 'high': 96.0}
    """
    sides = {"strategy": summary, **({"benchmark": summary["benchmark"]} if "benchmark" in summary else {})}
    strips = {}
    for key in keys:
        found = {side: (one.get("confidence", {}).get(key), one.get(key)) for side, one in sides.items()}
        rows = {side: (*ends, value) for side, (ends, value) in found.items() if ends and not is_missing(value)}
        every = [value for row in rows.values() for value in row]
        if "strategy" in rows and max(every) > min(every):
            low, width = min(every), max(every) - min(every)
            places = {
                side: [round(_MARGIN + (100 - 2 * _MARGIN) * (value - low) / width, 2) for value in row]
                for side, row in rows.items()
            }
            strips[key] = [{"side": side, "low": row[0], "dot": row[2], "high": row[1]} for side, row in places.items()]
    return strips
