"""Settings that cannot take effect are noted; settings that take effect, or were not given, are not."""
# ruff: noqa: E501 - each note is one line

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from support.builders.market_files import dates_of, random_levels, write_config, write_csv

ASSETS = {"spx": "equities", "ust": "bonds"}


def notes(folder: Path, spacing: str = "daily", **sections: Any) -> list[str]:
    """Return the notes about settings of a run of two assets over 90 dates."""
    rng = np.random.default_rng(6)
    dates = dates_of(spacing, 90, rng)
    levels = random_levels(dates, [0.16, 0.06], rng)
    write_csv(pd.DataFrame(levels, index=dates, columns=list(ASSETS)), folder / "market.csv")
    write_csv(pd.DataFrame(levels, index=dates, columns=list(ASSETS)), folder / "opens.csv")
    write_csv(pd.DataFrame(1e6, index=dates, columns=list(ASSETS)), folder / "volumes.csv")
    data = {"source": "csv", "path": "market.csv", "assets": ASSETS, "cash": 0.02, **sections.pop("data", {})}
    base: dict[str, Any] = {"estimation": {"window": 20}, "strategy": {"name": "inverse_volatility"}}
    write_config(folder / "other.yaml", data=data, **{**base, "strategy": {"name": "equal_weight"}})
    found = bt.run(write_config(folder / "run.yaml", data=data, **{**base, **sections})).notes
    telling = ("no effect", "both charged", "is above some bands", "longer than the window", "differences from it")
    return [note for note in found if any(words in note for words in telling)]


BANDS = "rebalance.bands has no effect: also_on_schedule trades each decision to its target, and no date between two decisions is checked; expected a check of more dates, such as daily, or also_on_schedule: false"
NONE: dict[str, tuple[dict[str, Any], str | None]] = {
    "nothing given": ({}, None),
    "opens, trades at the close": ({"data": {"opens": {"path": "opens.csv"}}}, "data.opens has no effect: rebalance.execution is close"),
    "opens, trades at the open": ({"data": {"opens": {"path": "opens.csv"}}, "rebalance": {"execution": "open"}}, None),
    "volumes, no impact": ({"data": {"volumes": {"path": "volumes.csv"}}}, "data.volumes has no effect: no costs.impact is set"),
    "volumes, impact": (
        {"data": {"volumes": {"path": "volumes.csv"}}, "costs": {"impact": {}}, "initial_capital": 1e4},
        None,
    ),
    "capital, which gives orders": ({"initial_capital": 1e6}, None),
    "capital, a fixed cost": ({"initial_capital": 1e6, "costs": {"fixed": 5}}, None),
    "capital, tiers": ({"initial_capital": 1e6, "financing": {"tiers": {"0": 100}}}, None),
    "a lot of an asset in funds": (
        {"data": {"assets": {"spx": {"class": "equities", "lot": 1.0}, "ust": "bonds"}}, "financing": {"kind": "leveraged_fund", "leverage": 2}},
        "data.assets.spx.lot has no effect: orders of leveraged funds are in money",
    ),
    "expenses twice": (
        {"financing": {"kind": "leveraged_fund", "leverage": 2, "expense_ratio_bps": 90}, "fees": {"expense_ratio_bps": 90}},
        "fees.expense_ratio_bps and financing.expense_ratio_bps are both charged on the value of the funds",
    ),
    "a spread of funds that borrow nothing": (
        {"financing": {"kind": "leveraged_fund", "leverage": 1, "swap_spread_bps": 50}},
        "financing.swap_spread_bps has no effect: a fund of leverage 1 borrows nothing",
    ),
    "a spread of a fund among the assets that borrows nothing": (
        {"data": {"assets": {**ASSETS, "half": {"of": "spx", "leverage": 0.5, "swap_spread_bps": 50}}}},
        "data.assets.half.swap_spread_bps has no effect: a fund of leverage 0.5 borrows nothing",
    ),
    "a spread of inverse funds, which lend": (
        {"financing": {"kind": "leveraged_fund", "leverage": -1, "swap_spread_bps": 50}},
        None,
    ),
    "expenses once": ({"financing": {"kind": "leveraged_fund", "leverage": 2, "expense_ratio_bps": 90}}, None),
    "checks on other dates than decisions": (
        {"rebalance": {"frequency": "weekly", "bands": {"absolute": 0.05, "check": "monthly"}}},
        None,  # the last date of a month is not the last of a week
    ),
    "checks coarser than decisions": (
        {"rebalance": {"frequency": "daily", "bands": {"absolute": 0.05, "check": "weekly"}}},
        "rebalance.bands.check: weekly has no effect: on each of its dates new weights are decided, and bands are checked in any case",
    ),
    "checks finer than decisions": ({"rebalance": {"frequency": "monthly", "bands": {"absolute": 0.05, "check": "daily"}}}, None),
    "a schedule without a second decision": (
        {"rebalance": {"frequency": "never", "bands": {"absolute": 0.05, "check": "daily", "also_on_schedule": True}}},
        "rebalance.bands.also_on_schedule has no effect: with frequency: never there is one decision",
    ),
    "bands that every decision is traded in spite of": (
        {"rebalance": {"frequency": "monthly", "bands": {"absolute": 0.05, "to": "edge", "also_on_schedule": True}}},
        BANDS,
    ),
    "the same, checks on dates that decide": (
        {"rebalance": {"frequency": "daily", "bands": {"absolute": 0.05, "check": "weekly", "also_on_schedule": True}}},
        BANDS,
    ),
    "a schedule, and checks between its dates": (
        {"rebalance": {"frequency": "monthly", "bands": {"absolute": 0.05, "check": "weekly", "also_on_schedule": True}}},
        None,
    ),
    "bands above the least trade": (
        {"strategy": {"name": "sixty_forty"}, "rebalance": {"bands": {"relative": 0.25}, "minimum_trade": 0.09}},
        None,
    ),
    "a least trade above the bands": (
        {"strategy": {"name": "sixty_forty"}, "rebalance": {"bands": {"relative": 0.25, "absolute": 0.2}, "minimum_trade": 0.12}},
        "rebalance.minimum_trade of 0.12 is above some bands on 6 of 6 decisions: ust (0.1, on 6); an asset that leaves such a band is not traded, and is outside it again at the next check",
    ),
    "a half-life beyond the window": (
        {"estimation": {"covariance": "ewma", "window": 20, "half_life": 63}},
        "estimation.half_life of 63 is longer than the window of 20: the oldest return still counts more than half of the latest",
    ),
    "a half-life as long as the window": ({"estimation": {"covariance": "ewma", "window": 20, "half_life": 20}}, None),
    "a break-even, no benchmark": ({"report": {"break_even": True}}, "report.break_even has no effect: there is no benchmark to break even with"),
    "a break-even, no loan": (
        {"report": {"break_even": True}, "benchmark": "other.yaml"},
        "report.break_even has no effect: nothing is borrowed, so no spread is paid",
    ),
    "a break-even": ({"report": {"break_even": True}, "benchmark": "other.yaml", "leverage": {"multiple": 2}}, None),
    "another benchmark": ({"benchmark": "other.yaml"}, None),
    "the same benchmark": (
        {"benchmark": "run.yaml"},
        "the benchmark has the settings of the run itself: all differences from it are zero",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NONE)
def test_settings_without_effect_are_noted_and_no_others(tmp_path: Path, case: str) -> None:
    sections, expected = NONE[case]
    assert notes(tmp_path, **sections) == ([] if expected is None else [expected])


@pytest.mark.parametrize("check", ["daily", "weekly", "monthly", "quarterly"])
def test_no_check_of_months_sees_more_than_monthly_decisions(tmp_path: Path, check: str) -> None:
    bands = {"absolute": 0.05, "check": check}
    (note,) = notes(tmp_path, "monthly", rebalance={"frequency": "monthly", "bands": bands})
    assert note.startswith(f"rebalance.bands.check: {check} has no effect")


@pytest.mark.parametrize("given", [None, "monthly", "quarterly"])
def test_a_frequency_has_a_note_only_if_it_was_given(tmp_path: Path, given: str | None) -> None:
    """On quarterly data the default, monthly, shows no intention of the user."""
    dates = pd.date_range("2000-03-31", periods=40, freq="QE")
    levels = random_levels(dates, [0.16, 0.06], np.random.default_rng(2))
    write_csv(pd.DataFrame(levels, index=dates, columns=list(ASSETS)), tmp_path / "market.csv")
    data = {"source": "csv", "path": "market.csv", "assets": ASSETS, "cash": 0.02}
    rebalance = {"execution_lag": 0} | ({} if given is None else {"frequency": given})
    found = bt.run(
        write_config(tmp_path / "run.yaml", data=data, strategy={"name": "equal_weight"}, rebalance=rebalance)
    ).notes
    expected = "rebalance.frequency: monthly has no effect beyond quarterly: the data has one date in each quarter"
    assert (expected in found) is (given == "monthly")
    assert not any("rebalance.frequency" in note for note in found if note != expected)


def test_probable_mistakes_in_the_settings_of_a_benchmark_are_noted(tmp_path: Path) -> None:
    """They distort what the run is compared with; other notes of the benchmark stay with its own run."""
    dates = dates_of("monthly", 40, np.random.default_rng(3))
    levels = random_levels(dates, [0.16, 0.06], np.random.default_rng(3))
    write_csv(pd.DataFrame(levels, index=dates, columns=list(ASSETS)), tmp_path / "market.csv")
    data = {"source": "csv", "path": "market.csv", "assets": ASSETS, "cash": 0.02}
    common: dict[str, Any] = {"data": data, "strategy": {"name": "equal_weight"}, "costs": {"trading_bps": 10}}
    slips = {"costs": {"trading_bps": 1000}, "rebalance": {"frequency": "weekly"}}
    write_config(tmp_path / "other.yaml", **{**common, **slips}, report={"break_even": True})
    alone = bt.run(write_config(tmp_path / "alone.yaml", **common)).notes
    found = bt.run(write_config(tmp_path / "run.yaml", **common, benchmark="other.yaml")).notes
    assert [note for note in found if note not in alone] == [
        "benchmark: rebalance.frequency: weekly has no effect beyond monthly: the data has one date in each month",
        "benchmark: costs.trading_bps: 1000 means 10 %, which is unusual; 10 would mean 0.1 %",
    ]
