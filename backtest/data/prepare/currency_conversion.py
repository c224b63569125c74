"""Conversion of series in other currencies to the currency of a run."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from backtest.data.data_settings import DataSettings
from backtest.data.prepare.currencies import cannot_be_converted, check_currency, currency_of
from backtest.data.quotes import Quotes
from backtest.data.series import Series
from backtest.data.table import Table
from backtest.errors import DataError


def currencies(settings: DataSettings, found: Mapping[Series, Quotes]) -> dict[str, str]:
    """Return the currency of each series that has one, by name: assets, cash, the loan rate and splice series.

    An asset whose currency neither its settings nor its source state is in the currency of the run. Cash, the loan
    rate and splice series have to state theirs in a run with `data.fx`.

    Raises:
        DataError: a series that cannot be converted or does not state its currency, a source that says otherwise than
            the settings, an asset without a currency that is cash in another one, or a rate of exchange of no series.
    """
    wanted, fx = settings.currency, settings.series.fx()
    own: dict[str, str] = {}
    silent: dict[tuple[str | None, ...], str] = {}
    for series, (place, may_be_silent) in _places(settings).items():
        quotes = found[series]
        if series.currency is not None:
            check_currency(f"data.{'.'.join(place)}.currency", quotes, series.currency, "by the settings")
        stated = series.currency or currency_of(quotes)
        if stated is None and fx and not may_be_silent:
            raise DataError(_unstated(place, series, quotes, settings))
        own[series.name] = stated or wanted
        if own[series.name] not in (wanted, *fx):
            raise DataError(f"{quotes.label}: {series.name} is {cannot_be_converted(own[series.name], wanted)}.")
        column = series.source, series.path, series.symbol
        if stated is None:
            silent[column] = ".".join(place)
        elif stated != wanted and column in silent:
            raise DataError(
                f"{quotes.label}: {series.symbol} is in {stated} as data.{'.'.join(place)}, and in {wanted} as "
                f"data.{silent[column]}, which states none; expected one currency. Hint: currency: {stated} there."
            )
    for code, series in fx.items():
        if code not in own.values():
            raise DataError(
                f"data.fx.{code}: no series is in {code}. "
                f"Hint: {{currency: {code}}} at those that are, or leave it out."
            )
        check_currency("data.fx", found[series], wanted, f"for the price of one {code}")
    return own


def _places(settings: DataSettings) -> dict[Series, tuple[tuple[str, ...], bool]]:
    """Return where the settings name each series, and whether it may be silent about its currency."""
    series = settings.series
    places: dict[Series, tuple[tuple[str, ...], bool]] = {one: (("assets", one.name), True) for one in series.priced()}
    others: list[tuple[tuple[str, ...], Series | None]] = [(("cash",), series.cash()), (("loan_rate",), series.loan())]
    others += [(("splice", name), proxy) for name, proxy in series.proxies().items()]
    for place, one in others:
        if one is not None:
            places[one] = (places[one][0] if one in places else place, False)
    return places


def _unstated(place: tuple[str, ...], series: Series, quotes: Quotes, settings: DataSettings) -> str:
    wanted = settings.currency
    return (
        f"data.{'.'.join(place)}: the currency of {series.name} ({quotes.label}) is not stated, and the run has "
        f"data.fx; expected its currency, as it is converted to {wanted} or is in {wanted} already. "
        f"Hint: {place[0]}: {_flow(_with_currency(place, settings))}, or the currency that it is in."
    )


def _with_currency(place: tuple[str, ...], settings: DataSettings) -> Mapping[str, Any]:
    """Return the setting that names a series, with the run's currency as the currency of the series."""
    given = settings.model_dump(mode="json")[place[0]]
    if len(place) == 1:
        own = {"symbol": given} if isinstance(given, str) else given
        return {**own, "currency": settings.currency}
    members = given if isinstance(given, Mapping) else {name: {} for name in given}
    own, short = members[place[1]], "class" if place[0] == "assets" else "symbol"
    own = {short: own} if isinstance(own, str) else own
    return {**members, place[1]: {**own, "currency": settings.currency}}


def _flow(value: Any) -> str:
    """Return a setting as it is written in YAML on one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_flow(key)}: {_flow(one)}' for key, one in value.items() if one is not None)}}}"
    is_plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w./-]*", value)
    return str(value) if is_plain else json.dumps(value)


def foreign(settings: DataSettings, own: Mapping[str, str]) -> dict[str, str]:
    """Return by series in another currency than the run's the name of the rate of exchange that converts it.

    Args:
        settings: with the rates of exchange.
        own: currency by series.
    """
    fx = settings.series.fx()
    return {name: fx[code].name for name, code in own.items() if code != settings.currency}


def converted(table: Table, rates: Mapping[str, str]) -> Table:
    """Return the table with some of its series in the currency of the run: (1 + r)(1 + r_fx) - 1.

    Args:
        table: levels, with a value of the rate of exchange wherever a converted series has one.
        rates: by series, the column of the price of its currency in the run's; series that are not in the table
            are passed over.

    >>> days = pd.date_range("2024-01-02", periods=2)
    >>> levels = pd.DataFrame({"DAX": [100.0, 110.0], "EUR/USD": [1.0, 1.1]}, index=days)
    >>> converted(Table(levels, "x"), {"DAX": "EUR/USD"}).values["DAX"].round(6).tolist()
    [100.0, 121.0]
    """
    values = table.values
    new = {name: values[name] * values[fx] for name, fx in rates.items() if name in values.columns}
    return replace(table, values=values.assign(**new)) if new else table


def in_currency_of(asset: str, proxy: str, values: pd.DataFrame, rates: Mapping[str, str]) -> pd.Series:
    """Return the level of a splice series in the currency of the asset that it extends, at the latest rates.

    Args:
        asset: name of the asset.
        proxy: name of the splice series.
        values: levels of both and of the rates of exchange.
        rates: by series, the column of the price of its currency in the run's.
    """
    level = values[proxy]
    if rates.get(asset) == rates.get(proxy):
        return level
    if proxy in rates:
        level = level * values[rates[proxy]].ffill()
    return level / values[rates[asset]].ffill() if asset in rates else level
