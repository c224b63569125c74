"""Refusal of rates where a level is expected: as cash or a loan rate, as a price, or as an exchange rate."""

import numpy as np
import pandas as pd

from backtest.data.dates.spacing import are_between, days_between, spacing_of
from backtest.data.preparation import Preparation
from backtest.data.raw_series import INCOME_UNKNOWN, RawSeries
from backtest.data.series_spec import SeriesSpec
from backtest.errors import DataError

_LOWEST, _HIGHEST = -0.02, 0.25  # growth of a deposit a year
_FALL = 0.02  # of cash in one period; a fund of two-year Treasuries has lost 1 % in a month
_QUOTED = "rate: {quoted: overnight}, or {quoted: discount, days: 91} for a bill"


def check_rates(data: Preparation) -> None:
    """Raise `DataError` if a rate is used as a price or an exchange rate, or as interest without its quotation."""
    held = [spec for spec in data.series.priced if _is_rate(spec, data)]
    if held:
        raise DataError(
            f"{data.raw[held[0]].label}: {held[0].name} is a rate, not a price; it can be data.cash, but cannot be held"
            ". Hint: hold a fund or an index that earns it."
        )
    exchange = [spec for spec in data.series.fx.values() if _is_rate(spec, data)]
    if exchange:
        raise DataError(f"{data.raw[exchange[0]].label}: an interest rate; expected an exchange rate")
    proxies = [spec for spec in data.series.proxies.values() if _is_rate(spec, data)]
    if proxies:
        raise DataError(f"{data.raw[proxies[0]].label}: {proxies[0].name} is a rate, not a price to splice to")
    for role, spec in _interest(data).items():
        raw = data.raw[spec]
        if raw.kind == "levels" and INCOME_UNKNOWN in raw.notes:
            raise DataError(
                f"{raw.label}: whether it is a rate in percent or a level is not known; as data.{role} a rate needs "
                f"its quotation. Hint: data.{role}: {{source: {spec.source}, symbol: {spec.symbol}, {_QUOTED}}}"
            )


def check_interest(data: Preparation) -> None:
    """Raise `DataError` if a level or returns of cash or of a loan grow as no deposit does.

    The level is judged on the dates of the run, before any conversion of currencies. A quoted rate is judged when its
    growth is computed.
    """
    for role, spec in _interest(data).items():
        raw = data.raw[spec]
        if raw.kind != "rate":
            values = next(table.values[spec.name] for table in data.tables if spec.name in table.values)
            dates = pd.DatetimeIndex(values.index)
            _check_growth(role, raw, values[are_between(dates, data.settings.start, data.settings.end)].dropna())


def _is_rate(spec: SeriesSpec, data: Preparation) -> bool:
    """Return whether a series is a quoted rate, or a rate whose quotation its source does not state."""
    raw = data.raw[spec]
    return raw.kind == "rate" or ("unit" in raw.facts and INCOME_UNKNOWN in raw.notes)


def _interest(data: Preparation) -> dict[str, SeriesSpec]:
    """Return the series of cash and of the loan rate, by setting."""
    roles = {"cash": data.series.cash, "loan_rate": data.series.loan}
    foreign = {f"fx.{code}.cash": spec for code, spec in data.series.foreign_cash.items()}
    return {**{role: spec for role, spec in roles.items() if spec is not None}, **foreign}


def _check_growth(role: str, raw: RawSeries, values: "pd.Series[float]") -> None:
    dates = pd.DatetimeIndex(values.index)
    if len(dates) < 2:
        return
    given = values.to_numpy(dtype=np.float64)
    if raw.kind == "returns":
        moves, years = given, np.full(len(given), 1 / spacing_of(dates).rows_per_year)
    else:
        moves, years = given[1:] / given[:-1] - 1, days_between(dates)[1:] / 365.25
    with np.errstate(over="ignore"):  # over less than a year, the whole growth
        growth = float(np.expm1(np.log1p(moves).sum() / max(float(years.sum()), 1.0)))
    wrong = np.flatnonzero((moves < -_FALL) | (moves > _FALL + (1 + _HIGHEST) ** years - 1))
    if _LOWEST <= growth <= _HIGHEST and not wrong.size:
        return
    what = f"{100 * growth:.3g} % a year from {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}"
    if wrong.size:
        row = int(wrong[np.argmax(np.abs(moves[wrong]))])
        date = dates[row + len(dates) - len(moves)]
        what = f"{100 * moves[row]:.3g} % in one period, up to {date:%Y-%m-%d}, and {what}"
    likely = "Are they rates a year in place of returns a period?"
    if raw.kind != "returns":
        likely = f"Is it a yield in percent? Hint: state the series with its own settings and {_QUOTED}."
    raise DataError(
        f"{raw.label}: data.{role} earns {what}; expected from {100 * _LOWEST:g} to {100 * _HIGHEST:g} % a year, and "
        f"no fall by {100 * _FALL:g} %. {likely}"
    )
