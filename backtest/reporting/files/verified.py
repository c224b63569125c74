"""Check of a finished report: checksums of its files, and the identities of accounting from its tables alone."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backtest.errors import ReportError
from backtest.numerics.tolerances import ROUNDING
from backtest.reporting.files.manifest import MADE_BY, MANIFEST, checksums, read_manifest
from backtest.reporting.files.table_files import read_table

_COSTS = {"financing_cost": "financing", "borrow_fees": "borrow", "trading_costs": "trading", "other_fees": "fees"}
"""Columns of the contributions, with the column of the costs that each is the negative of."""


@dataclass(frozen=True)
class Verified:
    """Outcome of a check.

    Args:
        files: number of files whose checksum was compared.
        problems: a line for each file or identity that is wrong.
        notes: a line for each thing that is not a fault of the report.
    """

    files: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]


class _Wrong(Exception):  # noqa: N818 - a finding
    """An identity does not hold, or a table cannot be read; the message names file and row."""


def verify(folder: Path) -> Verified:
    """Check a finished run or comparison: each file against its checksum, and the tables of a run against each other.

    Raises:
        ReportError: the folder does not hold a report.
    """
    try:
        manifest = read_manifest(folder)
    except (OSError, ValueError) as problem:
        raise ReportError(f"{folder}: {MANIFEST} cannot be read ({problem}); expected a folder of a report") from None
    if not isinstance(manifest, dict) or manifest.get("made_by") != MADE_BY:
        raise ReportError(f"{folder}: {MANIFEST} was not written by this program; expected a folder of a report")
    recorded = manifest.get("files")
    expected: Mapping[str, Any] = recorded if isinstance(recorded, dict) else {}
    problems, notes = _compare_files(expected, checksums(folder))
    if not expected:
        notes = [f"{MANIFEST} has no checksums, so only the accounting is checked"]
    if "config" in manifest:
        problems += _broken_identities(_Tables(folder))
    return Verified(len(expected), tuple(problems), tuple(notes))


def _compare_files(expected: Mapping[str, Any], found: Mapping[str, str]) -> tuple[list[str], list[str]]:
    missing = [f"{name}: missing" for name in expected if name not in found]
    changed = [
        f"{name}: changed since the report was written (its SHA-256 differs)"
        for name, checksum in expected.items()
        if name in found and found[name] != checksum
    ]
    return missing + changed, [f"{name}: not a file of the report" for name in found if name not in expected]


@dataclass(frozen=True)
class _Tables:
    """Tables of a report, each read once."""

    folder: Path
    _read: dict[str, tuple[str, pd.DataFrame]] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by its name without ending."""
        if name not in self._read:
            path = self.folder / f"{name}.parquet"
            path = path if path.is_file() else self.folder / f"{name}.csv"
            try:
                self._read[name] = path.name, read_table(path)
            except FileNotFoundError:
                raise _Wrong(f"{path.name}: missing") from None
            except (OSError, ValueError) as problem:
                raise _Wrong(f"{path.name}: cannot be read ({problem})") from None
            if not isinstance(self._read[name][1].index, pd.DatetimeIndex):
                raise _Wrong(f"{path.name}: not every row begins with a date")
        return self._read[name][1]

    def numbers(self, name: str, *columns: str) -> pd.DataFrame:
        """Return columns of a table as numbers, all columns by default."""
        table = self.table(name)
        lacking = [column for column in columns if column not in table]
        if lacking:
            raise _Wrong(f"{self._read[name][0]}: no column {lacking[0]}")
        chosen = table[list(columns)] if columns else table
        try:
            return chosen.astype(float)
        except ValueError as problem:
            raise _Wrong(f"{self._read[name][0]}: {problem}") from None

    @property
    def nav(self) -> "pd.Series[float]":
        """(P,) NAV of the strategy."""
        return self.numbers("nav", "strategy")["strategy"]

    def wrong(self, name: str, row: int, message: str) -> _Wrong:
        """Return the finding in a row of a table, counted from 0 without the header."""
        day = f"{self.table(name).index[row]:%Y-%m-%d}"
        return _Wrong(f"{self._read[name][0]}: row {row + 2} ({day}): {message}")

    def check_equal(self, name: str, got: pd.Series, expected: pd.Series, what: str, size: float = 1.0) -> None:
        """Raise the first difference of more than rounding between a column of a table and what it has to be.

        Args:
            name: name of the table, whose rows the series have.
            got: (P,) values of the table.
            expected: (P,) values that follow from others.
            what: what these values are, for the message.
            size: size of the numbers that they are computed from.
        """
        wrong = ~np.isclose(got.to_numpy(), expected.to_numpy(), rtol=0, atol=ROUNDING * size, equal_nan=True)
        if wrong.any():
            row = int(wrong.argmax())
            raise self.wrong(name, row, f"{what} {float(got.iloc[row])!r}, expected {float(expected.iloc[row])!r}")

    def check_dates(self, name: str, dates: pd.Index) -> None:
        """Raise the first row of a table that does not have the date that it has to have."""
        found = self.table(name).index
        if found.equals(dates):
            return
        row = next(i for i in range(len(dates) + 1) if list(found[i : i + 1]) != list(dates[i : i + 1]))
        if row == len(found):
            raise _Wrong(f"{self._read[name][0]}: ends at row {row + 1}; expected {dates[row]:%Y-%m-%d} too")
        after = f"{dates[row]:%Y-%m-%d}" if row < len(dates) else "no further row"
        raise self.wrong(name, row, f"expected {after}, as in the other tables")


def _broken_identities(tables: _Tables) -> list[str]:
    """Return a line with the first row that is wrong for each identity that does not hold."""
    if wrong_dates := [*_finding(_check_dates, tables)]:
        return wrong_dates
    checks: tuple[Callable[[_Tables], None], ...] = (
        _check_growth,
        _check_returns,
        _check_costs,
        _check_weights,
        _check_attribution,
        _check_forecasts,
        _check_summary,
    )
    return list(dict.fromkeys(line for check in checks for line in _finding(check, tables)))


def _finding(check: Callable[[_Tables], None], tables: _Tables) -> Iterator[str]:
    try:
        check(tables)
    except _Wrong as wrong:
        yield str(wrong)


def _check_dates(tables: _Tables) -> None:
    dates = tables.table("nav").index
    if len(dates) < 2 or not dates.is_monotonic_increasing:
        raise _Wrong("nav.csv: expected two or more dates in order")
    for name in ("contributions", "costs", "weights"):
        tables.check_dates(name, dates)
    tables.check_dates("returns", dates[1:])


def _check_growth(tables: _Tables) -> None:
    """Check that NAV begins at 1 and changes by the contributions of its period."""
    nav, contributions = tables.nav, tables.numbers("contributions")
    growth = nav.diff().fillna(nav.iloc[0] - 1)
    total = contributions.sum(axis=1)
    tables.check_equal("contributions", total, growth, "contributions add up to", nav.abs().max())


def _check_returns(tables: _Tables) -> None:
    """Check that returns follow from NAV, for the run and its benchmark."""
    nav = tables.numbers("nav")
    for side in nav:
        expected = (nav[side] / nav[side].shift() - 1).iloc[1:]
        tables.check_equal("returns", tables.numbers("returns", str(side))[side], expected, f"return of {side}")


def _check_costs(tables: _Tables) -> None:
    """Check that the costs among the contributions equal the table of costs."""
    size = tables.nav.abs().max()
    costs = tables.numbers("costs", *_COSTS.values())
    contributions = tables.numbers("contributions", *_COSTS)
    for flow, cost in _COSTS.items():
        tables.check_equal("costs", costs[cost], -contributions[flow], cost, size)


def _check_weights(tables: _Tables) -> None:
    """Check that between trades each position changes by its contribution alone, except inside leveraged funds."""
    if _financing(tables.folder) == "leveraged_fund":
        return
    nav, weights, trades = tables.nav, tables.numbers("weights"), tables.table("trades")
    contributions = tables.numbers("contributions", *weights.columns)
    held = weights.mul(nav.to_numpy(), axis=0)
    quiet = ~nav.index.isin(trades.index)
    quiet[:2] = False  # NAV of the first date is before its trade
    for asset in weights:
        drifted = (held[asset].shift() + contributions[asset]).where(quiet, held[asset]) / nav
        tables.check_equal("weights", weights[asset], drifted.where(nav > 0, weights[asset]), f"weight of {asset}")


def _check_attribution(tables: _Tables) -> None:
    """Check that the contributions of a year are its flows over the NAV at its start."""
    nav, contributions = tables.nav, tables.numbers("contributions")
    years = pd.DatetimeIndex(nav.index).year
    start = nav.shift().fillna(1.0).groupby(years).first()
    by_year = contributions.iloc[1:].sum(axis=1).groupby(years[1:]).sum()
    expected = by_year / start[by_year.index]
    attribution = tables.numbers("attribution").sum(axis=1)
    if len(attribution) != len(expected):
        raise _Wrong(f"attribution: {len(attribution)} rows; expected {len(expected)}, one a year")
    tables.check_equal("attribution", attribution, expected, "contributions of the year add up to", nav.abs().max())


def _check_forecasts(tables: _Tables) -> None:
    """Check that the contributions to ex-ante risk add up to the forecast volatility."""
    risk, forecast = tables.numbers("risk_contributions"), tables.numbers("forecast_volatility")
    if risk.empty:
        return
    tables.check_dates("forecast_volatility", risk.index)
    portfolio = tables.numbers("forecast_volatility", "portfolio")["portfolio"]
    tables.check_equal("forecast_volatility", portfolio, risk.sum(axis=1), "volatility", forecast.max().max())


def _check_summary(tables: _Tables) -> None:
    """Check the total return and the maximum drawdown of the summary."""
    nav = tables.nav
    try:
        summary = json.loads((tables.folder / "summary.json").read_bytes())
        written = {key: float(summary[key]) for key in ("total_return", "max_drawdown")}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise _Wrong(f"summary.json: cannot be read ({type(problem).__name__}: {problem})") from None
    computed = {"total_return": nav.iloc[-1] - 1, "max_drawdown": (nav / nav.cummax() - 1).min()}
    for key, value in computed.items():
        if not abs(written[key] - value) <= ROUNDING * nav.max():
            raise _Wrong(f"summary.json: {key}: {written[key]!r}, but NAV gives {float(value)!r}")


def _financing(folder: Path) -> str:
    """Return the kind of financing in the manifest of a run."""
    financing = read_manifest(folder)["config"]
    for key in ("financing", "kind"):
        financing = financing.get(key) if isinstance(financing, dict) else None
    return str(financing)
