"""Steps of `load`: their order, the modules that each of them enters, and the types that pass between them."""

import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, get_args, get_type_hints

import numpy as np
import pandas as pd
import pytest

import backtest.data
from backtest.data import market_data as load_module
from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.data.preparation import Preparation
from backtest.data.prepare.build_market import Market
from backtest.data.prepare.quotes import Quote
from backtest.data.raw_series import RawSeries
from backtest.data.series_table import SeriesTable

STEPS = ("locate", "fetch", "exclude", "tabulate", "check", "to_levels", "splice", "align", "convert", "build")
PACKAGE = Path(backtest.data.__file__).parent
SERIES = (pd.DataFrame, pd.Series, RawSeries, SeriesTable, Preparation)

DAYS = pd.bdate_range("2020-01-01", periods=300, name="date")
MONTHS = pd.date_range("2019-09-30", periods=20, freq="ME", name="date")


class Call(NamedTuple):
    """A call of a function of `backtest.data`: the step it serves, its module, and its arguments."""

    step: str
    module: str
    arguments: tuple[Any, ...]


def calls_of(run: Callable[[], object]) -> list[Call]:
    """Return the calls into modules of `backtest.data` during a run of `load`, without calls of `load` itself."""
    calls = []

    def record(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event != "call" or not path.is_relative_to(PACKAGE) or (step := step_of(frame)) is None:
            return
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        names = frame.f_code.co_varnames[: frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount]
        calls.append(Call(step, module, tuple(frame.f_locals[name] for name in names if name in frame.f_locals)))

    sys.setprofile(record)
    try:
        run()
    finally:
        sys.setprofile(None)
    return calls


def step_of(frame: FrameType) -> str | None:
    """Return the function that `load` called and that this frame belongs to."""
    caller = frame.f_back
    while caller is not None and caller.f_code is not load.__code__:
        frame, caller = caller, caller.f_back
    return None if caller is None else frame.f_code.co_name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    prices = 100 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (len(DAYS), 4)), axis=0))
    frame = pd.DataFrame(prices, index=DAYS, columns=["A", "B", "C", "D"])
    frame.iloc[:30, 1] = np.nan  # B begins later than its proxy C
    frame.to_csv(tmp_path / "prices.csv")
    pd.DataFrame({"EUR": 1.1, "cash": 2.0, "loan": 3.0}, index=DAYS).to_csv(tmp_path / "rates.csv")
    pd.DataFrame({"cpi": 100.0 + np.arange(20)}, index=MONTHS).to_csv(tmp_path / "cpi.csv")
    (0.99 * frame[["A", "B"]]).to_csv(tmp_path / "opens.csv")
    (1e6 * frame[["A", "B"]]).to_csv(tmp_path / "volumes.csv")
    return tmp_path


def settings(folder: Path, **changed: Any) -> DataSettings:
    other = {"source": "csv", "path": "rates.csv"}
    overnight = {"rate": {"quoted": "overnight"}, "currency": "USD"}
    everything = {
        "source": "csv",
        "path": "prices.csv",
        "assets": {"A": {"currency": "EUR", "class": "equities"}, "B": "bonds"},
        "cash": {**other, "symbol": "cash", **overnight},
        "loan_rate": {**other, "symbol": "loan", **overnight},
        "consumer_prices": {"source": "csv", "path": "cpi.csv", "symbol": "cpi"},
        "splice": {"B": {"symbol": "C", "currency": "USD"}},
        "fx": {"EUR": {**other, "symbol": "EUR"}},
        "opens": {"path": "opens.csv"},
        "volumes": {"path": "volumes.csv"},
        "cache": str(folder / "cache"),
    }
    given = {key: value for key, value in {**everything, **changed}.items() if value is not None}
    return DataSettings.model_validate(given)


FUND = {
    "F": {"of": "A", "leverage": 2.0, "class": "equities"},
    "A": {"currency": "EUR", "class": "equities"},
    "B": "bonds",
}
BARE = dict.fromkeys(("loan_rate", "consumer_prices", "splice", "fx", "opens", "volumes"))
CASES: dict[str, dict[str, Any]] = {
    "one series": {**BARE, "assets": ["A"], "cash": 0.02},
    "everything but funds": {},
    "a leveraged fund": {"assets": FUND, "opens": None, "volumes": None},
}


@pytest.fixture(params=CASES)
def calls(request: pytest.FixtureRequest, folder: Path) -> list[Call]:
    given = settings(folder, **CASES[request.param])
    load(given, folder)  # caches of the registry, and late imports
    return calls_of(lambda: load(given, folder))


def test_load_calls_the_steps_in_order_and_nothing_else(calls: list[Call]) -> None:
    assert tuple(dict.fromkeys(call.step for call in calls)) == STEPS


def test_no_module_is_entered_again_after_its_step(calls: list[Call]) -> None:
    """The cache is exempt, and so are settings and calculations with dates alone, through which no series passes."""
    steps: dict[str, set[str]] = {}
    for call in calls:
        steps.setdefault(call.module, set()).add(call.step)
    again = {module for module, of_module in steps.items() if len(of_module) > 1 and not module.startswith("cache.")}
    assert again <= {"data_settings", "dates.spacing", "dates.months_and_years"}
    handed = [argument for call in calls if call.module in again for argument in call.arguments]
    assert not [argument for argument in handed if isinstance(argument, SERIES)]


def test_modules_that_one_series_enters(folder: Path) -> None:
    load(settings(folder, **CASES["one series"]), folder)
    given = settings(folder, **CASES["one series"])  # an object whose series are not known yet
    calls = calls_of(lambda: load(given, folder))
    calls = [call for call in calls if not call.module.startswith("cache.")]
    assert {step: list(dict.fromkeys(call.module for call in calls if call.step == step)) for step in STEPS} == {
        "locate": ["preparation", "run_series", "series_settings", "data_settings"],
        "fetch": ["fetch_series", "sources.registry", "sources.files", "sources.address", "sources.library.recipes",
                  "sources.source", "sources.tables.regular_file", "sources.tables.text_table",
                  "sources.tables.unpacking", "sources.tables.header", "sources.tables.date_cells",
                  "sources.tables.number_cells", "sources.tables.cells", "sources.tables.french_text",
                  "sources.tables.layouts", "quality.adjusted_closes"],
        "exclude": ["prepare.excluded_dates", "dates.spacing"],
        "tabulate": ["prepare.tables_by_file"],
        "check": ["quality.checks", "quality.interest", "quality.stated_currencies", "prepare.currencies",
                  "quality.limits", "quality.return_units", "quality.shifted_dates", "dates.spacing",
                  "quality.anomalies", "quality.gaps", "quality.jumps"],
        "to_levels": ["prepare.levels", "dates.spacing", "quality.missing_values"],
        "splice": ["prepare.splicing"],
        "align": ["prepare.alignment", "dates.spacing"],
        "convert": ["prepare.conversion", "prepare.rates.hedging"],
        "build": ["prepare.build_market", "dates.spacing", "prepare.leveraged_fund", "prepare.rates.cash_returns",
                  "prepare.consumer_prices", "prepare.bars", "prepare.provenance", "quality.lagging",
                  "prepare.quotes", "data_settings"],
    }  # fmt: skip


def test_each_step_takes_and_returns_one_type() -> None:
    """The last one also takes the constructor of what it returns."""
    hints = {step: get_type_hints(getattr(load_module, step)) for step in STEPS}
    assert {step: types["return"] for step, types in hints.items()} == dict.fromkeys(STEPS, Preparation) | {
        "build": Market
    }
    for step in STEPS[2:]:
        own = ["data", "make"] if step == "build" else ["data"]
        assert list(inspect.signature(getattr(load_module, step)).parameters) == own
        assert hints[step]["data"] is Preparation


def dataclasses() -> Iterator[type]:
    """Yield the dataclasses of `backtest.data` outside its sources and its cache."""
    for module in pkgutil.walk_packages(backtest.data.__path__, "backtest.data."):
        if not module.name.startswith(("backtest.data.sources.", "backtest.data.cache.")):
            for value in vars(import_module(module.name)).values():
                if isinstance(value, type) and value.__module__ == module.name and is_dataclass(value):
                    yield value


def mentioned(annotation: Any) -> set[Any]:
    """Return the types that an annotation mentions."""
    return {annotation}.union(*map(mentioned, get_args(annotation)))


def test_three_types_hold_series_between_a_source_and_the_market_data() -> None:
    """One for a raw series, one for several series on their dates, and one for all series of a run.

    A quote is a part of the market data, for orders.
    """
    fields = {cls: set().union(*map(mentioned, get_type_hints(cls).values())) for cls in dataclasses()}
    holders: set[Any] = {pd.DataFrame, pd.Series}
    while more := {cls for cls, types in fields.items() if types & holders} - holders:
        holders |= more
    assert holders - {pd.DataFrame, pd.Series} == {RawSeries, SeriesTable, Preparation, MarketData, Quote}
