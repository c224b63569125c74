"""From a file to a `RunConfig`: all mistakes of it reported together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backtest.config.document import Document, Location, dotted
from backtest.config.messages import lines, suggestion, unknown
from backtest.config.run import RunConfig, StrategyChoice
from backtest.data.currency import cannot_be_converted
from backtest.data.loading import classes_of_source, columns
from backtest.data.series import Series
from backtest.data.settings import DataSettings
from backtest.data.table import Column
from backtest.errors import ConfigError, DataError
from backtest.strategy import StrategyError
from backtest.strategy.discovery import find_strategy

_PER_ASSET = (("costs", "trading_bps"), ("financing", "borrow_fee_bps"), ("fees", "expense_ratio_bps"))


_MOST_NAMED = 40  # names in one message; a file may have thousands


def load_config(path: str | Path, *, with_benchmark: bool = True) -> RunConfig:
    """Read and check a configuration, and that of its benchmark.

    Names of assets, classes and strategies are checked against what is there; no prices are read.

    Raises:
        ConfigError: anything wrong in it, each mistake with its line and column.
        DataError: its data file is missing or has no readable header.
    """
    document = Document(Path(path))
    problems = document.problems
    folder = document.path.parent
    values = dict(document.values)
    strategy = _strategy(document, problems, folder)
    benchmark = _benchmark(values.pop("benchmark", None), document, problems, folder, with_benchmark)
    found = {"strategy": strategy} if strategy is not None else {}
    checked = _validated({**values, **found, "folder": folder}, document, problems, strategy is None)
    _check_names(document, problems, strategy, folder)
    if checked is not None and benchmark is not None and benchmark.data.currency != checked.data.currency:
        theirs, ours = benchmark.data.currency, checked.data.currency
        problems.append(
            f"{document.at(('benchmark',))}: benchmark: in {theirs}, and the run in {ours}; expected the same"
        )
    if checked is not None and checked.levers_to_its_benchmark and (not with_benchmark or benchmark is None):
        at = ("leverage", "target_volatility")
        why = "this configuration has none" if with_benchmark else "a benchmark has none of its own"
        problems.append(f"{document.at(at)}: {dotted(at)}: that of the benchmark, and {why}; expected a number")
    if checked is None or problems:
        raise ConfigError(*sorted(dict.fromkeys(problems), key=_by_place))
    return checked.model_copy(update={"benchmark": benchmark})


def _by_place(problem: str) -> tuple[str, int, int]:
    file, line, column, *_ = [*problem.split(":", 3), "", ""]
    return (file, int(line), int(column)) if line.isdigit() and column.isdigit() else (file, 0, 0)


def _validated(
    values: dict[str, Any], document: Document, problems: list[str], strategy_is_wrong: bool
) -> RunConfig | None:
    try:
        if "folder" in document.values:
            problems.append(f"{document.at(('folder',), key=True)}: folder: {unknown(('folder',), RunConfig)}")
        return RunConfig.model_validate(values)
    except ValidationError as failure:
        skip = {"strategy"} if strategy_is_wrong and "strategy" in values else set()
        errors = [error for error in failure.errors() if error["loc"][0] not in skip]
        problems += lines(errors, document, (), RunConfig)
    return None


def _strategy(document: Document, problems: list[str], folder: Path) -> StrategyChoice | None:
    if "strategy" not in document.values:
        return None  # reported as missing with the rest
    raw = document.values["strategy"]
    name = raw.get("name") if isinstance(raw, dict) else None
    if not isinstance(name, str):
        problems.append(
            f"{document.at(('strategy',))}: strategy: expected a mapping with a name, such as {{name: erc}}"
        )
        return None
    try:
        found = find_strategy(name, folder)
        return StrategyChoice(name=name, model=found.model_validate({k: v for k, v in raw.items() if k != "name"}))
    except StrategyError as problem:
        problems.append(f"{document.at(('strategy', 'name'))}: strategy.name: {problem}")
    except ValidationError as failure:
        problems += lines(failure.errors(), document, ("strategy",), found, name)
    return None


def _benchmark(raw: Any, document: Document, problems: list[str], folder: Path, wanted: bool) -> RunConfig | None:
    if raw is None or not wanted:
        return None
    at = document.at(("benchmark",))
    if not isinstance(raw, str):
        problems.append(f"{at}: benchmark: got {raw!r}; expected the path of a configuration, such as 60_40.yaml")
        return None
    if not (folder / raw).is_file():
        problems.append(f"{at}: benchmark: no such file: {raw}; expected a configuration, relative to this one")
        return None
    try:
        return load_config(folder / raw, with_benchmark=False)
    except ConfigError as failure:
        problems += failure.problems
    except DataError as failure:
        problems.append(f"{at}: benchmark: {failure}")
    return None


def _check_names(document: Document, problems: list[str], strategy: StrategyChoice | None, folder: Path) -> None:
    """Check the names of series against those that the source has, and the strategy's settings against them."""
    data = _usable(document.values.get("data"))
    if data is None:
        return  # its mistakes are reported already
    try:
        offered = columns(data, folder)
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
        problems.append(f"{document.at(('data', 'classes', name))}: data.classes.{name}: is not among data.assets")
    problems += _currencies(document, data)
    for location in _PER_ASSET:
        section = document.values.get(location[0])
        given = section.get(location[1]) if isinstance(section, dict) else None
        off = sorted(set(given) ^ set(data.names)) if isinstance(given, dict) else []
        if off:
            expected = f"expected one number, or one for each asset ({', '.join(data.names)})"
            problems.append(f"{document.at(location)}: {dotted(location)}: {expected}; look at {', '.join(off)}")
    if strategy is not None and not unknown_series:
        classes = {**classes_of_source(offered), **data.asset_classes}
        try:
            strategy.model.check_assets(data.names, {name: classes[name] for name in data.names if name in classes})
        except StrategyError as problem:
            problems.append(f"{document.at(('strategy',))}: strategy: {problem}")


def _currencies(document: Document, data: DataSettings) -> list[str]:
    """A line for each asset that is said to be in a currency which cannot be converted."""
    off = {name: own for name, own in data.said_of_currency.items() if own not in (data.currency, *data.fx)}
    places: dict[str, Location] = {name: ("data", "assets", name, "currency") for name in off}
    return [
        f"{document.at(places[name])}: {dotted(places[name])}: {cannot_be_converted(own, data.currency)}"
        for name, own in off.items()
    ]


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


def _places(data: DataSettings) -> dict[Series, Location]:
    """Where the configuration names each series."""
    listed = isinstance(data.assets, tuple)
    found: dict[Series, Location] = {}
    for setting, columns_of in (("volumes", data.series.volumes()), ("opens", data.series.opens())):
        found.update(dict.fromkeys(columns_of.values(), ("data", setting)))
    for fund, followed in data.series.followed().items():
        found[followed] = ("data", "assets", fund, "of")
    for asset, proxy in data.series.proxies().items():
        found[proxy] = ("data", "splice", asset)
    for code, fx in data.series.fx().items():
        found[fx] = ("data", "fx", code)
    others = ("consumer_prices", data.series.consumer_prices()), ("loan_rate", data.series.loan())
    for setting, series in (*others, ("cash", data.series.cash())):
        if series is not None:
            found[series] = ("data", setting)
    for i, series in enumerate(data.series.assets()):
        found[series] = ("data", "assets", i if listed else series.name)
    return found


def _usable_names(location: Location, there: Mapping[str, Column]) -> list[str]:
    """The series that may stand at a place: a price index where the source tells such series from others."""
    macro = [name for name, column in there.items() if column.kind == "macro"]
    if location[1] == "consumer_prices":
        return macro or list(there)
    return [name for name in there if name not in macro]


def _no_such_series(at: str, location: Location, series: Series, there: Mapping[str, Column]) -> str:
    usable = _usable_names(location, there)
    kind = "index of consumer prices" if location[1] == "consumer_prices" else "price series"
    what = f"{series.symbol} is no {kind}" if series.symbol in there else f"no series {series.symbol}"
    more = f" and {len(usable) - _MOST_NAMED} more" if len(usable) > _MOST_NAMED else ""
    listed = ", ".join(usable[:_MOST_NAMED]) + more
    return f"{at}: {dotted(location)}: {what}; there are: {listed}.{suggestion(series.symbol, usable)}"
