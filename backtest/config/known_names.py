"""Whether the names in a configuration are there: series in their source; assets and classes among those of the run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backtest.config.document import Document, Location, dotted
from backtest.config.messages import listed, suggestion
from backtest.config.run_config import StrategyChoice
from backtest.config.terms_check import term_mistakes
from backtest.data.data_settings import DataSettings
from backtest.data.fetch_series import catalogues, classes_of
from backtest.data.prepare.currencies import cannot_be_converted
from backtest.data.run_series import series_of
from backtest.data.series_spec import SeriesSpec
from backtest.data.sources.source import CatalogueEntry
from backtest.errors import DataError
from backtest.strategy import StrategyError


def check_names(document: Document, problems: list[str], strategy: StrategyChoice | None, folder: Path) -> None:
    """Check the names of series against those that the source has; terms and the strategy's settings against them."""
    data = _usable(document.values.get("data"))
    if data is None:
        return  # its mistakes are reported already
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
        for series, there in offered.items()
        if there is not None and series.symbol not in _usable_names(places[series], there)
    ]
    problems += [
        _no_such_series(document.at(places[one]), places[one], one, offered[one] or {}) for one in unknown_series
    ]
    for name in sorted(set(data.classes) - set(data.names)):
        asset = data.classes[name]
        hint = f". Hint: the asset first, such as {{{asset}: {name}}}" if asset in data.names else ""
        problems.append(
            f"{document.at(('data', 'classes', name))}: data.classes.{name}: is not among data.assets{hint}"
        )
    problems += _currencies(document, data)
    if unknown_series:
        return  # what follows asks for their classes
    known = {**classes_of(offered), **data.asset_classes}
    classes = {name: known[name] for name in data.names if name in known}
    problems += term_mistakes(document, data, classes, offered)
    if strategy is not None:
        try:
            strategy.model.check_assets(data.names, classes)
        except StrategyError as problem:
            problems.append(_of_strategy(document, str(problem)))


def _of_strategy(document: Document, words: str) -> str:
    """Place a message at the setting of the strategy that it begins with, else at the whole section."""
    setting, _, rest = words.partition(": ")
    at = ("strategy", *setting.split(".", 1))
    if document.has(at):
        return f"{document.at(at)}: {dotted(at)}: {rest}"
    return f"{document.at(('strategy',))}: strategy: {words}"


def _currencies(document: Document, data: DataSettings) -> list[str]:
    """Return a line for each series whose stated currency cannot be converted."""
    problems = []
    for series, place in _places(data).items():
        own, location = series.currency, (*place, "currency")
        if own is not None and own not in (data.currency, *data.fx):
            problems.append(f"{document.at(location)}: {dotted(location)}: {cannot_be_converted(own, data.currency)}")
    return problems


def _usable(raw: Any) -> DataSettings | None:
    """What of the data section can be checked further, whatever is wrong with the rest of it."""
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
    """Where the configuration names each series."""
    listed, run = isinstance(data.assets, tuple), series_of(data)
    found: dict[SeriesSpec, Location] = {}
    for setting, columns_of in (("volumes", run.volumes), ("opens", run.opens)):
        found.update(dict.fromkeys(columns_of.values(), ("data", setting)))
    for fund, followed in run.followed.items():
        found[followed] = ("data", "assets", fund, "of")
    for asset, proxy in run.proxies.items():
        found[proxy] = ("data", "splice", asset)
    for code, fx in run.fx.items():
        found[fx] = ("data", "fx", code)
    others = ("consumer_prices", run.consumer_prices), ("loan_rate", run.loan)
    for setting, series in (*others, ("cash", run.cash)):
        if series is not None:
            found[series] = ("data", setting)
    for i, series in enumerate(run.assets):
        found[series] = ("data", "assets", i if listed else series.name)
    return found


def _usable_names(location: Location, there: Mapping[str, CatalogueEntry]) -> list[str]:
    """The series that may stand at a place: a price index where the source tells such series from others."""
    macro = [name for name, column in there.items() if column.kind == "macro"]
    if location[1] == "consumer_prices":
        return macro or list(there)
    return [name for name in there if name not in macro]


def _no_such_series(at: str, location: Location, series: SeriesSpec, there: Mapping[str, CatalogueEntry]) -> str:
    usable = _usable_names(location, there)
    kind = "index of consumer prices" if location[1] == "consumer_prices" else "price series"
    what = f"{series.symbol} is no {kind}" if series.symbol in there else f"no series {series.symbol}"
    return f"{at}: {dotted(location)}: {what}; there are: {listed(usable)}.{suggestion(series.symbol, usable)}"
