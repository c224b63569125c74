"""The headline table: the same rows in the terminal, in a notebook and in the README."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def percent(value: float) -> str:
    """Return a decimal in percent, as the terminal shows it.

    >>> percent(0.0836)
    '8.36 %'
    """
    return f"{100 * value:z.2f} %"


def ratio(value: float) -> str:
    """Return a ratio as the terminal shows it.

    >>> ratio(0.6)
    '0.60'
    """
    return f"{value:z.2f}"


ROWS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("CAGR", "cagr", percent),
    ("total return", "total_return", percent),
    ("volatility", "volatility", percent),
    ("Sharpe ratio", "sharpe", ratio),
    ("maximum drawdown", "max_drawdown", percent),
    ("average gross exposure", "average_gross_exposure", ratio),
    ("turnover a year", "turnover_per_year", percent),
    ("trading costs a year", "trading_cost_per_year", percent),
    ("financing a year", "financing_cost_per_year", percent),
    ("  of it above cash", "financing_drag_per_year", percent),
    ("turnover", "turnover", percent),
    ("trading costs", "trading_cost", percent),
    ("financing", "financing_cost", percent),
    ("  of it above cash", "financing_drag", percent),
)
LEFT_OUT_AT_ZERO = (  # nothing was borrowed
    "financing_cost_per_year", "financing_drag_per_year", "financing_cost", "financing_drag",
)  # fmt: skip


def headline_rows(summary: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Label, the strategy's number and, where there is one, the benchmark's; rows without a number are left out.

    >>> headline_rows({"cagr": 0.0836, "sharpe": float("nan")})
    [('CAGR', '8.36 %')]
    """
    return rows_of([summary, *([summary["benchmark"]] if "benchmark" in summary else [])])


def rows_of(summaries: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Label, and the number of each summary, `-` where one has none; rows without a number are left out.

    The total return is shown only if there is no CAGR, because the run is shorter than a year.

    >>> rows_of([{"cagr": 0.0836}, {"cagr": 0.0902, "sharpe": 0.6}])
    [('CAGR', '8.36 %', '9.02 %'), ('Sharpe ratio', '-', '0.60')]
    """
    rows = []
    a_year = any(not math.isnan(one.get("cagr", float("nan"))) for one in summaries)
    for label, key, shown in ROWS:
        if a_year and key == "total_return":
            continue
        values = [one.get(key, float("nan")) for one in summaries]
        if any(not math.isnan(value) for value in values) and (key not in LEFT_OUT_AT_ZERO or any(values)):
            rows.append((label, *(shown(value) if not math.isnan(value) else "-" for value in values)))
    return rows
