"""Currency of each series, from its settings and its source."""

import json
import re
from collections.abc import Mapping
from typing import Any

from backtest.data.data_settings import DataSettings
from backtest.data.preparation import Preparation
from backtest.data.prepare.currencies import cannot_be_converted, currency_of
from backtest.data.raw_series import INCOME_UNKNOWN, RawSeries
from backtest.data.series_spec import SeriesSpec
from backtest.errors import DataError

_Place = tuple[str, ...]  # path of a setting below `data`


def currencies_of(data: Preparation) -> dict[str, str]:
    """Return the currency of each series that has one, by name: assets, cash, the loan rate and splice series.

    An asset is in the currency of the run if neither its settings nor its source states a currency. Cash, the loan rate
    and splice series have to state their currency in a run with `data.fx`.

    Raises:
        DataError: a series that cannot be converted or does not state its currency, a source that contradicts the
            settings, a series in another currency that is cash and also an asset without a stated currency, or an
            exchange rate that no series needs.
    """
    run_currency, exchange = data.settings.currency, data.series.fx
    currencies: dict[str, str] = {}
    silent: dict[tuple[str | None, ...], str] = {}
    for spec, (place, may_be_silent) in _places(data).items():
        raw = data.raw[spec]
        if spec.currency is not None:
            _check_source(f"data.{'.'.join(place)}.currency", raw, spec.currency, "according to the settings")
        stated = spec.currency or currency_of(raw)
        if stated is None and exchange and not may_be_silent:
            raise DataError(_unstated(place, spec, raw, data.settings))
        currency = currencies[spec.name] = stated or run_currency
        if currency not in (run_currency, *exchange):
            raise DataError(f"{raw.label}: {spec.name} is {cannot_be_converted(currency, run_currency)}.")
        column = spec.source, spec.path, spec.symbol
        if stated is None:
            silent[column] = ".".join(place)
        elif stated != run_currency and column in silent:
            raise DataError(
                f"{raw.label}: {spec.symbol} is in {stated} as data.{'.'.join(place)}, and in {run_currency} as "
                f"data.{silent[column]}, which states no currency; expected one currency. "
                f"Hint: set currency: {stated} there."
            )
    _check_exchange_rates(data, currencies)
    return currencies


def _check_exchange_rates(data: Preparation, currencies: Mapping[str, str]) -> None:
    """Raise `DataError` unless each exchange rate is needed and in the currency of the run."""
    for code, spec in data.series.fx.items():
        if code not in currencies.values():
            raise DataError(
                f"data.fx.{code}: no series is in {code}. "
                f"Hint: {{currency: {code}}} for the series that are, or remove this rate."
            )
        raw, run_currency = data.raw[spec], data.settings.currency
        _check_source("data.fx", raw, run_currency, f"for the price of one {code}")
        if raw.facts.get("base", code) != code:
            raise DataError(f"{raw.label}: the price of one {raw.facts['base']}; expected the price of one {code}")
        if "base" not in raw.facts and (
            INCOME_UNKNOWN in raw.notes or _reads_inverted(spec.symbol, code, run_currency)
        ):
            raise DataError(
                f"{raw.label}: whether it is in {run_currency} for one {code}, or in {code} for one {run_currency}, is "
                f"not known. Hint: state the currency of its values, data.fx: {{{code}: {{symbol: {spec.symbol}, "
                f"currency: {run_currency}}}}} or {code}."
            )
    for code, spec in data.series.foreign_cash.items():
        _check_source(f"data.fx.{code}.cash", data.raw[spec], code, f"for the cash rate of {code}")


def _reads_inverted(symbol: str, code: str, run_currency: str) -> bool:
    """Return whether a symbol names the two currencies in the order of the inverse rate, as USDJPY does for yen."""
    letters = re.sub(r"[^A-Z]", "", symbol.upper())
    return run_currency + code in letters and code + run_currency not in letters


def _check_source(setting: str, raw: RawSeries, expected: str, why: str) -> None:
    """Raise `DataError` if a source states a currency other than the expected currency."""
    stated = currency_of(raw)
    if stated not in (None, expected):
        raise DataError(
            f"{raw.label}: in {stated}, according to its source; expected {expected}, {why}. Hint: check {setting}."
        )


def _places(data: Preparation) -> dict[SeriesSpec, tuple[_Place, bool]]:
    """Return the place of each series in the settings, and whether it may leave its currency unstated."""
    series = data.series
    places: dict[SeriesSpec, tuple[_Place, bool]] = {spec: (("assets", spec.name), True) for spec in series.priced}
    others: list[tuple[_Place, SeriesSpec | None]] = [(("cash",), series.cash), (("loan_rate",), series.loan)]
    others += [(("splice", name), proxy) for name, proxy in series.proxies.items()]
    for place, spec in others:
        if spec is not None:
            places[spec] = (places[spec][0] if spec in places else place, False)
    return places


def _unstated(place: _Place, spec: SeriesSpec, raw: RawSeries, settings: DataSettings) -> str:
    currency = settings.currency
    return (
        f"data.{'.'.join(place)}: the currency of {spec.name} ({raw.label}) is not stated, but the run has "
        f"data.fx; expected its currency, because it is converted to {currency} or is in {currency} already. "
        f"Hint: {place[0]}: {_flow(_with_currency(place, settings))}, or the currency that it is in."
    )


def _with_currency(place: _Place, settings: DataSettings) -> Mapping[str, Any]:
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
    """Return a setting as one line of YAML."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_flow(key)}: {_flow(own)}' for key, own in value.items() if own is not None)}}}"
    is_plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w./-]*", value)
    return str(value) if is_plain else json.dumps(value)
