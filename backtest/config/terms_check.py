"""Checks of terms against the assets of a run, as far as they need no prices."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from backtest.config.document import Document
from backtest.config.messages import first_lines, join_names
from backtest.config.yaml_nodes import Location, dotted
from backtest.data.data_settings import DataSettings
from backtest.data.dates.spacing import DAILY
from backtest.data.run_series import series_of
from backtest.data.series_spec import SeriesSpec
from backtest.data.sources.registry import source_record
from backtest.data.sources.source import CatalogueEntry
from backtest.engine.settings.financing import (
    IMPACT_OF_FUNDS,
    Financing,
    Futures,
    LeveragedFund,
    Margin,
    margin_requirements,
    not_daily,
    spot_in_futures,
)
from backtest.errors import ConfigError, suggestion

_BY_ASSET: tuple[Location, ...] = (
    ("costs", "trading_bps"),
    ("costs", "half_spread_bps"),
    ("costs", "commission_bps"),
    ("financing", "initial_margin"),
    ("financing", "maintenance_margin"),
    ("financing", "borrow_fee_bps"),
    ("financing", "basis_bps"),
    ("financing", "roll_bps"),
    ("fees", "expense_ratio_bps"),
)
_MAY_LEAVE_OUT: tuple[Location, ...] = (("financing", "borrow_fee_bps"), ("financing", "basis_bps"))


def term_mistakes(
    document: Document,
    data: DataSettings,
    classes: Mapping[str, str],
    offered: Mapping[SeriesSpec, Mapping[str, CatalogueEntry] | None],
) -> list[str]:
    """Return a line for each mistake in costs, financing and fees, with its place.

    Args:
        document: the configuration.
        data: the data section.
        classes: class of each asset that has one.
        offered: columns of the source of each series, by series.
    """
    problems = [line for location in _BY_ASSET for line in _by_asset(document, location, data.names, classes)]
    financing = _financing(document)
    if isinstance(financing, Margin | Futures) and not problems:
        try:
            initial, _ = margin_requirements(financing, data.names, classes)
        except ConfigError as problem:
            problems += add_places(problem, document).problems
        else:
            allowed = np.inf if initial is None else 1 / float(initial.min())
            problems += _least_exposure(document, allowed, "the initial margin allows")
    spot = _spot(data, offered)
    if isinstance(financing, Futures) and spot:
        problems += add_places(ConfigError(f"financing.kind: {spot_in_futures(spot)}"), document).problems
    if isinstance(financing, LeveragedFund):
        problems += add_places(ConfigError(*_in_funds(document, data)), document).problems
        problems += _least_exposure(document, abs(financing.leverage), "funds of that leverage provide")
    return problems


def add_places(problem: ConfigError, document: Document) -> ConfigError:
    """Return the error with the place of the setting that each line begins with."""
    return ConfigError(*(f"{document.at(line.partition(':')[0].split('.'))}: {line}" for line in problem.problems))


def add_places_in(problem: ConfigError, file: Path) -> ConfigError:
    """Return the error with places, or unchanged for a configuration made in Python, which has no file."""
    return add_places(problem, Document(file)) if file.is_file() else problem


def _by_asset(document: Document, location: Location, assets: tuple[str, ...], classes: Mapping[str, str]) -> list[str]:
    """Return a line for each name of a setting that is not an asset or class, or one line for all assets left out."""
    given = document.value(location) if document.has(location) else None
    if not isinstance(given, dict):
        return []
    known = dict.fromkeys([*assets, *classes.values()])
    have = f"assets: {join_names(assets)}; classes: {join_names(sorted(set(classes.values()))) or 'none'}"
    strange = [name for name in given if name not in known]
    if strange:
        return first_lines(
            strange,
            lambda name: (
                f"{document.at((*location, name), key=True)}: {dotted((*location, name))}: "
                f"neither an asset nor a class of this run ({have}).{suggestion(name, list(known))}"
            ),
        )
    left_out = [name for name in assets if name not in given and classes.get(name) not in given]
    if left_out and location not in _MAY_LEAVE_OUT:
        expected = f"expected one number, or one for each asset or its class ({have})"
        return [f"{document.at(location)}: {dotted(location)}: no value for {join_names(left_out)}; {expected}"]
    return []


def _financing(document: Document) -> Financing | None:
    """Return the financing section, or None if it is invalid."""
    raw = document.values.get("financing", {})
    try:
        financing: Financing = _adapter().validate_python({"kind": "margin", **raw} if isinstance(raw, dict) else raw)
    except ValidationError:
        return None
    return financing


@cache
def _adapter() -> TypeAdapter[Financing]:
    return TypeAdapter(Financing)


def _least_exposure(document: Document, allowed: float, what: str) -> list[str]:
    """Return a line if the least gross exposure is above the multiple of NAV that the financing allows."""
    at = ("leverage", "min_gross_exposure")
    least = document.value(at) if document.has(at) else None
    if not isinstance(least, int | float) or isinstance(least, bool) or least <= allowed * (1 + 1e-12):
        return []  # the tolerance covers the rounding of 1 / margin
    return [
        f"{document.at(at)}: {dotted(at)}: {least:g} times NAV, but {what} at most {allowed:g}; expected that or less"
    ]


def _in_funds(document: Document, data: DataSettings) -> list[str]:
    """Return a line for each setting that does not fit leveraged funds."""
    problems = []
    if _at_most_a_year(data) < DAILY:
        problems.append(f"financing.kind: {not_daily(_at_most_a_year(data))}")
    costs = document.values.get("costs")
    if isinstance(costs, dict) and costs.get("impact") is not None:
        problems.append(f"costs.impact: {IMPACT_OF_FUNDS}")
    return problems


def _spot(data: DataSettings, offered: Mapping[SeriesSpec, Mapping[str, CatalogueEntry] | None]) -> list[str]:
    """Return the assets that are spot series according to the settings, or else to their source."""
    own = {series.name: (entries or {}).get(series.symbol) for series, entries in offered.items()}
    spot = {name: entry is not None and entry.spot for name, entry in own.items()} | data.stated_spot
    return [name for name in data.names if spot[data.funds[name].of if name in data.funds else name]]


def _at_most_a_year(data: DataSettings) -> int:
    """Return an upper bound on the periods per year of the data."""
    sources = (source_record(series.source) for series in series_of(data).assets)
    monthly = data.frequency == "monthly" or any(source.is_monthly for source in sources)
    return min(12 if monthly else 366, data.periods_per_year or 366)  # a setting cannot make monthly data daily
