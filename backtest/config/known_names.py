"""Checks of the names in a configuration: series of a source, and assets and classes of the run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backtest.config.document import Document
from backtest.config.messages import first_lines, join_names
from backtest.config.terms_check import term_mistakes
from backtest.config.yaml_nodes import Location, dotted
from backtest.data.data_settings import DataSettings
from backtest.data.fetch_series import catalogues, classes_of
from backtest.data.prepare.currencies import cannot_be_converted
from backtest.data.run_series import series_of
from backtest.data.series_spec import SeriesSpec
from backtest.data.sources.source import CatalogueEntry
from backtest.errors import DataError, suggestion
from backtest.own_code import reported
from backtest.strategy import StrategyError
from backtest.strategy.choice import StrategyChoice


def check_names(
    document: Document,
    problems: list[str],
    strategy: StrategyChoice | None,
    folder: Path,
    checked: DataSettings | None = None,
) -> None:
    """Check series names against their sources, and names in terms and strategy settings against assets and classes.

    Args:
        document: the configuration.
        problems: receives a line for each mistake.
        strategy: the strategy, if its section is valid.
        folder: folder that paths of prices are relative to.
        checked: data section, if it is valid.

    Raises:
        DataError: a data file cannot be read, and the configuration has no other mistake.
    """
    data = _usable(document.values.get("data")) if checked is None else checked
    if data is None:
        return  # mistakes of the section are reported already
    try:
        offered = catalogues(data, folder)
    except DataError as problem:
        if not problems:
            raise
        problems.append(f"{document.at(('data', 'path'))}: data.path: {problem}")
        return
    places = _places(data)
    unknown_series = [
        series
        for series, columns_of in offered.items()
        if columns_of is not None and series.symbol not in _usable_names(places[series], columns_of)
    ]
    problems += first_lines(
        unknown_series,
        lambda series: _no_such_series(document.at(places[series]), places[series], series, offered[series] or {}),
    )
    problems += first_lines(
        sorted(set(data.classes) - set(data.names)), lambda name: _class_of_no_asset(document, data, name)
    )
    problems += _currencies(document, data)
    if unknown_series:
        return  # the checks below need the classes of all assets
    known = {**classes_of(offered), **data.asset_classes}
    classes = {name: known[name] for name in data.names if name in known}
    problems += term_mistakes(document, data, classes, offered)
    if strategy is not None:
        try:
            with reported(StrategyError, f"{strategy.name}: "):
                strategy.model.check_assets(data.names, classes)
        except StrategyError as problem:
            problems.append(_at_strategy(document, str(problem)))


def _class_of_no_asset(document: Document, data: DataSettings, name: str) -> str:
    asset = data.classes[name]
    hint = f". Hint: the asset first, such as {{{asset}: {name}}}" if asset in data.names else ""
    return f"{document.at(('data', 'classes', name))}: data.classes.{name}: is not among data.assets{hint}"


def _at_strategy(document: Document, message: str) -> str:
    """Place a message at the strategy setting that it begins with, or at the whole section."""
    setting, _, rest = message.partition(": ")
    at = ("strategy", *setting.split(".", 1))
    if document.has(at):
        return f"{document.at(at)}: {dotted(at)}: {rest}"
    return f"{document.at(('strategy',))}: strategy: {message}"


def _currencies(document: Document, data: DataSettings) -> list[str]:
    """Return a line for each series whose stated currency cannot be converted."""
    stated = {place: series.currency for series, place in _places(data).items() if series.currency is not None}
    wrong = {(*place, "currency"): own for place, own in stated.items() if own not in (data.currency, *data.fx)}
    return first_lines(
        list(wrong), lambda at: f"{document.at(at)}: {dotted(at)}: {cannot_be_converted(wrong[at], data.currency)}"
    )


def _usable(raw: Any) -> DataSettings | None:
    """Return the valid part of the data section, or None if too little of it is valid to check names."""
    try:
        return DataSettings.model_validate(raw)
    except ValidationError as failure:
        if not isinstance(raw, dict):
            return None
        wrong = {error["loc"][0] for error in failure.errors() if error["loc"]}
    try:
        return DataSettings.model_validate({"cash": 0.0, **{k: v for k, v in raw.items() if k not in wrong}})
    except ValidationError:
        return None


def _places(data: DataSettings) -> dict[SeriesSpec, Location]:
    """Return the location that names each series."""
    as_list, run = isinstance(data.assets, tuple), series_of(data)
    places: dict[SeriesSpec, Location] = {}
    for setting, columns_of in (("volumes", run.volumes), ("opens", run.opens)):
        places.update(dict.fromkeys(columns_of.values(), ("data", setting)))
    for fund, followed in run.followed.items():
        places[followed] = ("data", "assets", fund, "of")
    for asset, proxy in run.proxies.items():
        places[proxy] = ("data", "splice", asset)
    for code, fx in run.fx.items():
        places[fx] = ("data", "fx", code)
    for code, cash in run.foreign_cash.items():
        places[cash] = ("data", "fx", code, "cash")
    others = ("consumer_prices", run.consumer_prices), ("loan_rate", run.loan)
    for setting, series in (*others, ("cash", run.cash)):
        if series is not None:
            places[series] = ("data", setting)
    for i, series in enumerate(run.assets):
        places[series] = ("data", "assets", i if as_list else series.name)
    return places


def _usable_names(location: Location, offered: Mapping[str, CatalogueEntry]) -> list[str]:
    """Return the series of a source that a setting may name: price indices for consumer prices, others elsewhere."""
    macro = [name for name, column in offered.items() if column.kind == "macro"]
    if location[1] == "consumer_prices":
        return macro or list(offered)
    return [name for name in offered if name not in macro]


def _no_such_series(at: str, location: Location, series: SeriesSpec, offered: Mapping[str, CatalogueEntry]) -> str:
    usable = _usable_names(location, offered)
    kind = "an index of consumer prices" if location[1] == "consumer_prices" else "a price series"
    what = f"{series.symbol} is not {kind}" if series.symbol in offered else f"no series {series.symbol}"
    return f"{at}: {dotted(location)}: {what}; available: {join_names(usable)}.{suggestion(series.symbol, usable)}"
