"""Performance by regime, with an interval for each Sharpe ratio and a test of its difference from all other months."""

import math

import numpy as np
import pandas as pd

from backtest.analysis.metrics.performance import cagr, sharpe, volatility
from backtest.analysis.origins.regime_labels import YEAR, by_month, regime_labels
from backtest.analysis.run_record import RunRecord
from backtest.analysis.uncertainty.batches import FEWEST, sharpe_influences
from backtest.analysis.uncertainty.bootstrap import LEVEL
from backtest.analysis.uncertainty.long_run import cosine_error, half_width, two_sided
from backtest.errors import DataError
from backtest.numerics.arrays import Bools, Floats
from backtest.numerics.tolerances import has_risk


def regimes(record: RunRecord, labels: pd.Series | None = None, *, lagged: bool = False) -> pd.DataFrame:
    """Return the performance of a run in the months of each regime.

    Args:
        record: a run with a period of a month or less.
        labels: texts by date, each in force until the next; without them, the kinds of `regime_labels`.
        lagged: whether a month has the label of the month before, which an investor could have known.

    Returns:
        By kind and regime: `months`; `return`, the annualised growth of these months, and `volatility`, decimal per
        year; `sharpe`, with the ends `low` and `high` of its 95 % interval; `p_value` of the same Sharpe ratio in all
        other months. The last three are NaN for fewer than 24 months.

    Raises:
        DataError: the period is longer than a month, or the labels do not fit the run.

    Example:
        >>> import backtest as bt
        >>> table = bt.run("configs/erc.yaml").regimes()
        >>> table.loc["stock-bond correlation", ["months", "sharpe", "p_value"]].round(2).to_numpy().tolist()
        [[148.0, 1.12, 0.05], [128.0, 0.19, 0.05]]
    """
    if record.periods_per_year < YEAR:
        count = f"{record.periods_per_year} {'period' if record.periods_per_year == 1 else 'periods'} a year"
        raise DataError(f"regimes: the run has {count}; expected {YEAR} or more, as regimes are of calendar months")
    returns = pd.DataFrame({"total": record.returns, "cash": record.cash_returns.iloc[1:]})
    months = by_month(returns)
    table = regime_labels(record, lagged=lagged) if labels is None else _given(labels, months.index, lagged=lagged)
    found: dict[tuple[str, str], dict[str, float]] = {}
    for kind, column in table.items():
        known = (column.notna() & months["total"].notna()).to_numpy()
        total, excess = (values[known] for values in (months["total"], months["total"] - months["cash"]))
        for state in sorted(set(column[known])):
            inside = (column[known] == state).to_numpy()
            found[str(kind), state] = _measures(total.to_numpy(), excess.to_numpy(), inside)
    index = pd.MultiIndex.from_tuples(list(found), names=["kind", "regime"])
    columns = ["months", "return", "volatility", "sharpe", "low", "high", "p_value"]
    return pd.DataFrame(list(found.values()), index=index, columns=columns, dtype=float)


def _given(labels: pd.Series, months: pd.Index, *, lagged: bool) -> pd.DataFrame:
    """Return the labels of a user by month: the last one on or before the month's end."""
    if not isinstance(labels, pd.Series) or not isinstance(labels.index, pd.DatetimeIndex):
        raise DataError("regimes: expected labels as a pandas Series with dates as its index")
    if labels.index.tz is not None or not labels.index.is_unique:
        raise DataError("regimes: expected labels with one date each, without a time zone")
    texts = labels.dropna().sort_index().map(str)
    column = texts.reindex(months, method="ffill")
    if not column.notna().any():
        raise DataError(f"regimes: no label is on or before the last month of the run, {months[-1]:%Y-%m}")
    column = column.shift() if lagged else column
    return column.astype(object).to_frame(str(labels.name or "regime"))


def _measures(total: Floats, excess: Floats, inside: Bools) -> dict[str, float]:
    """Return the measures of the months of a regime among all months with a label."""
    ratio = sharpe(excess[inside], YEAR)
    low, high = _interval(ratio, _influences(excess, inside))
    return {
        "months": float(inside.sum()),
        "return": cagr(float(np.prod(1 + total[inside])), inside.sum() / YEAR),
        "volatility": volatility(total[inside], YEAR),
        "sharpe": ratio,
        "low": low,
        "high": high,
        "p_value": _p_value(excess, inside),
    }


def _influences(excess: Floats, inside: Bools) -> Floats | None:
    """Return the influence of each month on the Sharpe ratio of those inside; None for too few or no risk."""
    chosen = excess[inside]
    if len(chosen) < FEWEST or not has_risk(chosen.std()):
        return None
    influences = np.zeros(len(excess))
    influences[inside] = sharpe_influences(chosen) * (len(excess) / len(chosen))
    return influences


def _interval(ratio: float, influences: Floats | None) -> tuple[float, float]:
    if influences is None:
        return math.nan, math.nan
    error, freedom = cosine_error(influences)
    width = half_width(LEVEL, freedom) * math.sqrt(YEAR) * error
    return ratio - width, ratio + width


def _p_value(excess: Floats, inside: Bools) -> float:
    """Return the p-value of the same Sharpe ratio inside and outside."""
    first, second = _influences(excess, inside), _influences(excess, ~inside)
    if first is None or second is None:
        return math.nan
    error, freedom = cosine_error(first - second)
    difference = sharpe(excess[inside], 1) - sharpe(excess[~inside], 1)
    return two_sided(difference / error, freedom)
