"""The headline contract: what happens after a date changes nothing up to it, bit for bit.

Theorem (docs/conventions, "No look-ahead"): dates are known in advance, values are not. Take an input file and any
date D; overwrite every value after D: of assets, cash, the benchmark's assets and macro series alike. Then no target
weight, trade, NAV, cost, or contribution of return or risk up to and including D changes by a single bit.
A failure means that some number of the report uses information that nobody had: the run is worth nothing.

The tests work on files: `Harness.leaks` runs a configuration on a CSV file, overwrites the file, runs again, and
compares the bytes of the output files, row by row up to D. There is no tolerance: equal doubles are written as equal
bytes.
"""

from pathlib import Path
from typing import Any

import pytest

import backtest as bt
from backtest.reporting.files.report_files import tables
from backtest.reporting.files.table_files import csv_bytes
from backtest.strategy.discovery import strategy_files
from backtest.testing.later_data import backwards, rows_until, wilder
from support.builders.lookahead import CLASSES, LENGTHS, Case, Harness, ended
from support.builders.market_files import write_csv
from support.strategies.needed_settings import NEEDED

STRATEGIES = sorted(strategy_files(Path(__file__).parents[3] / "configs"))
"""All that the project ships, found as its configurations find them: a new file is held to the contract too."""

SETTINGS: dict[str, list[dict[str, Any]]] = {
    **NEEDED,
    "levered_erc": [{}, {"target_volatility": "benchmark"}],
    "minimum_variance": [{}, {"max_weight": 0.6}],
    "hierarchical_risk_parity": [{}, {"linkage": "ward"}],
    "erc_expected_shortfall": [
        {"window": 14},
        {"window": 14, "distribution": "gaussian"},
    ],
}
"""Settings, the defaults or others, under which a strategy reads something else of its view or needs less history."""


def cases() -> list[Case]:
    """Return each strategy with every pair of spacing, lag and raggedness (half of all triples has all pairs)."""
    return [
        Case(name, settings, spacing, lag, ragged=(spacing == "monthly") == (lag == 0))
        for name in STRATEGIES
        for settings in SETTINGS.get(name, [{}])
        for spacing in LENGTHS
        for lag in (0, 1)
    ]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_no_value_after_a_date_changes_anything_up_to_it(tmp_path: Path, case: Case) -> None:
    """For each strategy, on daily and monthly data, at lags 0 and 1, with common dates and ragged ones."""
    harness = Harness(tmp_path, case)
    cuts = harness.cuts()
    early_and_late = ["the second decision", "the last that has an after"]
    around_a_decision = ["before a decision", "a decision", "the trade of a lag of 1"]
    for name in early_and_late if case.ragged else around_a_decision:
        assert harness.leaks(cuts[name], backwards if name == "a decision" else wilder) == [], name
    day = harness.values.index[cuts["before a decision"]]
    compared = {name: len(rows_until(csv, day)) - 1 for name, csv in harness.before.items()}
    del compared["attribution"]  # one row per calendar year: one or two here
    assert min(compared.values()) >= 5, f"too few rows to mean anything: {compared}"


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_later_end_of_an_asset_changes_nothing_before_it(tmp_path: Path, name: str) -> None:
    """Ragged data: an asset that ends after D gives the same bits up to D as one that continues.

    The simulation goes from one event to the next, and the end of prices is an event. If it comes later or earlier, the
    same periods are computed in longer or shorter arrays, which must not show.
    """
    harness = Harness(tmp_path, Case(name, SETTINGS.get(name, [{}])[0], "daily", 1, ragged=True))
    cuts = harness.cuts()
    for when in ("a decision", "the trade of a lag of 1"):
        assert harness.leaks(cuts[when], ended) == [], when


LEVERAGE: list[dict[str, Any]] = [
    {"multiple": 1.5},
    {"target_volatility": 0.1, "smoothing": 0.7, "min_gross_exposure": 0.5},
    {"target_volatility": 0.1, "window": 8, "smoothing": 0.7},
    {"target_volatility": "benchmark", "window": 8},
    {"debt": 0.6},
]


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("leverage", LEVERAGE, ids=lambda one: "-".join(map(str, one.values())))
def test_later_data_changes_no_earlier_leverage(tmp_path: Path, leverage: dict[str, Any], ragged: bool) -> None:
    """Smoothed multiples, a separate window and the NAV so far: none of them uses later data."""
    case = Case("inverse_volatility", {}, lag=0 if ragged else 1, ragged=ragged, leverage=leverage)
    harness = Harness(tmp_path, case)
    cuts = harness.cuts()
    for name in ("the second decision", "a decision"):
        assert harness.leaks(cuts[name], wilder) == [], name


def test_later_returns_change_nothing_earlier_in_a_file_of_returns(tmp_path: Path) -> None:
    """The file holds returns, which are compounded to prices when they are read."""
    harness = Harness(tmp_path, Case("levered_erc", {}, "monthly", 0, values="returns"))
    cuts = harness.cuts()
    assert {name: harness.leaks(row, wilder) for name, row in cuts.items()} == {name: [] for name in cuts}


def test_a_later_ruin_changes_nothing_before_it(tmp_path: Path) -> None:
    """A run that loses all of its capital after D equals, up to D, a run that does not."""
    harness = Harness(tmp_path, Case("levered_erc", {"target_volatility": 0.5}, "daily", 1))
    row = harness.cuts()["a decision"]
    day = harness.values.index[row]
    expected = {name: table.loc[:day] for name, table in tables(bt.run(harness.config)).items()}
    doomed = harness.values.copy()
    doomed.loc[doomed.index > day, list(CLASSES)] *= 0.3  # ruins 3 times leverage, but not the benchmark
    write_csv(doomed, harness.csv)
    result = bt.run(harness.config)
    assert result.nav.iloc[-1] == 0
    for name, table in tables(result).items():
        assert csv_bytes(table.loc[:day]) == csv_bytes(expected[name]), name
