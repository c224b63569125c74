"""What a reader is told of a run: of what is free for want of a setting, and of its end."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from market_files import write_config, write_csv

import backtest as bt
from backtest.analysis import BacktestResult

DAYS = pd.bdate_range("2020-01-01", periods=8)
BONDS = {"SPY": "equities", "GLD": "commodities", "TLT": "bonds"}
SHORT = {"SPY": 0.6, "GLD": 0.4, "TLT": -0.5}
LEVERED = {"SPY": 0.6, "GLD": 0.4, "TLT": 0.5}


def ran(folder: Path, weights: dict[str, float], financing: dict[str, Any], **sections: Any) -> BacktestResult:
    """Three assets over eight days, bought once and held."""
    rng = np.random.default_rng(3)
    levels = np.cumprod(1 + rng.normal(0, 0.01, (len(DAYS), 3)), axis=0)
    frame = pd.DataFrame(levels, index=DAYS, columns=list(BONDS)).assign(cash=np.linspace(1, 1.001, len(DAYS)))
    write_csv(frame, folder / "market.csv")
    data = {"source": "csv", "path": "market.csv", "cash": "cash", "assets": BONDS}
    held = {"name": "sixty_forty", "weights": weights}
    sections = {"rebalance": {"frequency": "never"}, "financing": financing, **sections}
    return bt.run(write_config(folder / "mine.yaml", data=data, strategy=held, **sections))


FREE = "shorts are borrowed free: no financing.borrow_fee_bps is set"
AT_THE_LIMIT = "no financing.initial_margin is set: targets go to the very limit of the maintenance margin"


@pytest.mark.parametrize(
    ("weights", "financing", "told"),
    [
        (SHORT, {}, [FREE]),
        (SHORT, {"borrow_fee_bps": 0}, [FREE]),
        (SHORT, {"borrow_fee_bps": 30}, []),
        (SHORT, {"borrow_fee_bps": {"bonds": 30}}, []),
        (
            SHORT,
            {"borrow_fee_bps": {"SPY": 30}},
            ["shorts of TLT are borrowed free: financing.borrow_fee_bps has none for it"],
        ),
        (SHORT, {"kind": "futures", "basis_bps": 5}, []),
        (SHORT, {"kind": "leveraged_fund", "leverage": 2}, [FREE]),
        (SHORT, {"kind": "leveraged_fund", "leverage": 2, "borrow_fee_bps": 5}, []),
        (LEVERED, {"kind": "leveraged_fund", "leverage": -2}, [FREE]),  # an inverse fund, sold short, is long
        (LEVERED, {"kind": "leveraged_fund", "leverage": 2, "swap_spread_bps": 5}, []),
        ({**SHORT, "TLT": 0.0}, {}, []),
    ],
)
def test_shorts_without_a_fee_are_told(
    tmp_path: Path, weights: dict[str, float], financing: dict[str, Any], told: list[str]
) -> None:
    notes = ran(tmp_path, weights, financing).notes
    assert [note for note in notes if "borrowed" in note] == told


@pytest.mark.parametrize(
    ("weights", "financing", "told"),
    [
        (LEVERED, {}, "loans pay the cash return alone: no financing.spread_bps is set"),
        (
            LEVERED,
            {"kind": "futures", "basis_bps": 0},
            "futures pay the cash return alone: no financing.basis_bps is set",
        ),
        (
            LEVERED,
            {"kind": "leveraged_fund", "leverage": 2},
            "funds pay the cash return alone: no financing.swap_spread_bps is set",
        ),
        (
            LEVERED,
            {"kind": "futures"},
            "SPY, GLD pay no basis over the cash return: financing.basis_bps has none for them",
        ),
        (
            {**LEVERED, "GLD": 0.0},
            {"kind": "futures"},
            "SPY pays no basis over the cash return: financing.basis_bps has none for it",
        ),
        ({**LEVERED, "GLD": 0.0}, {"kind": "futures", "basis_bps": {"SPY": 1, "TLT": 2}}, None),
        (LEVERED, {"spread_bps": 5}, None),
        ({"SPY": 0.5, "GLD": 0.5, "TLT": 0.0}, {}, None),
    ],
)
def test_what_pays_the_cash_return_alone_is_told(
    tmp_path: Path, weights: dict[str, float], financing: dict[str, Any], told: str | None
) -> None:
    notes = ran(tmp_path, weights, financing).notes
    assert [note for note in notes if "cash return" in note] == ([] if told is None else [told])


@pytest.mark.parametrize("kind", ["margin", "futures"])
def test_a_maintenance_margin_alone_is_told(tmp_path: Path, kind: str) -> None:
    """Where both are set, though they are the same, there is nothing to tell."""
    section = {"kind": kind, "maintenance_margin": 0.2}
    assert AT_THE_LIMIT in ran(tmp_path, LEVERED, section).notes
    assert AT_THE_LIMIT not in ran(tmp_path, LEVERED, {**section, "initial_margin": 0.2}).notes
    assert AT_THE_LIMIT not in ran(tmp_path, LEVERED, {"kind": kind}).notes


@pytest.mark.parametrize(
    ("weights", "words"),
    [({"SPY": 0.6, "GLD": 0.4, "TLT": 0.0}, "costs exceeded what was left by"), (LEVERED, "the lender lost")],
)
def test_a_ruin_without_a_loan_has_no_lender(tmp_path: Path, weights: dict[str, float], words: str) -> None:
    """Each asset costs 0.3 of the first NAV to trade: what is left pays for no second trade of them all."""
    terms = {"initial_capital": 100.0, "costs": {"fixed": 30.0}, "rebalance": {"frequency": "daily"}}
    result = ran(tmp_path, weights, {}, **terms)
    assert result.nav.iloc[-1] == 0
    (note,) = [note for note in result.notes if note.startswith("all capital was lost")]
    assert words in note
    assert ("lender" in note) == (words == "the lender lost")
    lost = result.contributions["shortfall"].iloc[-1]
    assert f" {lost:.4f} of the first NAV" in note


def test_a_fund_sold_short_pays_a_borrow_fee_on_its_value(tmp_path: Path) -> None:
    """-0.5 of TLT in funds of 2 is -0.25 of NAV; a fee of 360 bp a year is 1e-4 a day of that and of nothing else."""
    funds = {"kind": "leveraged_fund", "leverage": 2}
    free = ran(tmp_path, SHORT, funds)
    paid = ran(tmp_path, SHORT, {**funds, "borrow_fee_bps": {"SPY": 500, "bonds": 360}})
    value = -paid.weights["TLT"] / 2 * paid.nav
    days = paid.nav.index.to_series().diff().dt.days
    expected = (value.shift() * 1e-4 * days).fillna(0.0)
    np.testing.assert_allclose(-paid.contributions["borrow_fees"], expected, rtol=0, atol=1e-15)
    assert value.iloc[0] == pytest.approx(0.25, abs=1e-15)
    assert not free.contributions["borrow_fees"].any()
    # the fee lowers NAV by itself and by what interest it would have earned, of second order
    assert (free.nav - paid.nav).iloc[-1] == pytest.approx(expected.sum(), rel=1e-3)


@pytest.mark.parametrize("name", ["volatility_target", "sixty_forty"])
def test_leverage_twice_is_told(tmp_path: Path, name: str) -> None:
    """A strategy with a target volatility has it before `leverage:` multiplies; one without is levered once."""
    rng = np.random.default_rng(4)
    levels = pd.DataFrame({"SPY": np.cumprod(1 + rng.normal(0, 0.01, len(DAYS)))}, index=DAYS)
    write_csv(levels, tmp_path / "market.csv")
    result = bt.run(
        write_config(
            tmp_path / "mine.yaml",
            data={"source": "csv", "path": "market.csv", "cash": 0.0, "assets": {"SPY": "equities"}},
            estimation={"covariance": "sample", "window": 3},
            strategy={"name": name, "weights": {"SPY": 1.0}},
            leverage={"multiple": 1.5},
            rebalance={"frequency": "daily"},
        )
    )
    assert any("levers itself" in note for note in result.notes) == (name == "volatility_target")
