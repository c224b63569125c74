"""Notes on a run: costs that are free because a setting is missing, limits that bind, and ruin."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.config import load_config
from backtest.errors import DataError
from support.builders.market_files import write_config, write_csv, write_strategy

DAYS = pd.bdate_range("2020-01-01", periods=8)
BONDS = {"SPY": "equities", "GLD": "commodities", "TLT": "bonds"}
SHORT = {"SPY": 0.6, "GLD": 0.4, "TLT": -0.5}
LEVERED = {"SPY": 0.6, "GLD": 0.4, "TLT": 0.5}


def ran(folder: Path, weights: dict[str, float], financing: dict[str, Any], **sections: Any) -> BacktestResult:
    """Run three assets over eight days, bought once and held."""
    rng = np.random.default_rng(3)
    levels = np.cumprod(1 + rng.normal(0, 0.01, (len(DAYS), 3)), axis=0)
    frame = pd.DataFrame(levels, index=DAYS, columns=list(BONDS)).assign(cash=np.linspace(1, 1.001, len(DAYS)))
    write_csv(frame, folder / "market.csv")
    data = {"source": "csv", "path": "market.csv", "cash": "cash", "assets": BONDS}
    held = {"name": "sixty_forty", "weights": weights}
    sections = {"rebalance": {"frequency": "never"}, "financing": financing, **sections}
    return bt.run(write_config(folder / "mine.yaml", data=data, strategy=held, **sections))


FREE = "shorts are borrowed free: no financing.borrow_fee_bps is set"
AT_THE_LIMIT = "no financing.initial_margin is set: targets may use all of the maintenance margin"


@pytest.mark.parametrize(
    ("weights", "financing", "expected"),
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
def test_shorts_without_a_fee_have_a_note(
    tmp_path: Path, weights: dict[str, float], financing: dict[str, Any], expected: list[str]
) -> None:
    notes = ran(tmp_path, weights, financing).notes
    assert [note for note in notes if "borrowed" in note] == expected


@pytest.mark.parametrize(
    ("weights", "financing", "expected"),
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
def test_financing_without_a_spread_has_a_note(
    tmp_path: Path, weights: dict[str, float], financing: dict[str, Any], expected: str | None
) -> None:
    notes = ran(tmp_path, weights, financing).notes
    assert [note for note in notes if "cash return" in note] == ([] if expected is None else [expected])


@pytest.mark.parametrize("kind", ["margin", "futures"])
def test_a_maintenance_margin_without_an_initial_margin_has_a_note(tmp_path: Path, kind: str) -> None:
    """If both are set there is no note, even if they are equal."""
    section = {"kind": kind, "maintenance_margin": 0.2}
    assert AT_THE_LIMIT in ran(tmp_path, LEVERED, section).notes
    assert AT_THE_LIMIT not in ran(tmp_path, LEVERED, {**section, "initial_margin": 0.2}).notes
    assert AT_THE_LIMIT not in ran(tmp_path, LEVERED, {"kind": kind}).notes


@pytest.mark.parametrize(
    ("weights", "words"),
    [({"SPY": 0.6, "GLD": 0.4, "TLT": 0.0}, "costs exceeded what was left by"), (LEVERED, "the lender lost")],
)
def test_the_note_on_a_ruin_without_a_loan_mentions_no_lender(
    tmp_path: Path, weights: dict[str, float], words: str
) -> None:
    """Each asset costs 0.3 of the first NAV to trade, so NAV does not suffice for a second trade of all."""
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
    # the fee lowers NAV by itself and by its interest, which is of second order
    assert (free.nav - paid.nav).iloc[-1] == pytest.approx(expected.sum(), rel=1e-3)


@pytest.mark.parametrize("name", ["volatility_target", "sixty_forty"])
def test_leverage_on_a_levered_strategy_has_a_note(tmp_path: Path, name: str) -> None:
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
    assert any("scaled to its own target_volatility" in note for note in result.notes) == (name == "volatility_target")


MONTHS = pd.date_range("2015-01-31", periods=72, freq="ME")
LONG_DAYS = pd.bdate_range("2018-01-01", periods=600)


def ran_over(dates: pd.DatetimeIndex, folder: Path, strategy: dict[str, Any], **sections: Any) -> BacktestResult:
    """Run three assets of rising volatility; the calmest belongs to bonds."""
    rng = np.random.default_rng(8)
    size = np.array([0.20, 0.15, 0.05]) / np.sqrt(12 if dates is MONTHS else 252)
    levels = np.cumprod(1 + rng.normal(0.0005, size, (len(dates), 3)), axis=0)
    write_csv(pd.DataFrame(levels, index=dates, columns=list(BONDS)), folder / "market.csv")
    data = {"source": "csv", "path": "market.csv", "cash": 0.01, "assets": BONDS}
    sections = {"estimation": {"window": 24}, "costs": {"trading_bps": 10}, "financing": {"spread_bps": 50}, **sections}
    return bt.run(write_config(folder / "mine.yaml", data=data, strategy=strategy, **sections))


def notes_with(result: BacktestResult, word: str) -> list[str]:
    return [note for note in result.notes if word in note]


@pytest.mark.parametrize("section", ["leverage", "strategy"])
def test_a_cap_that_binds_is_counted(tmp_path: Path, section: str) -> None:
    """Each decision's gross exposure is the cap, or what the target volatility asks for, which is below it."""

    def ran_with(cap: float) -> BacktestResult:
        limits = {"target_volatility": 0.10, "max_gross_exposure": cap}
        if section == "leverage":
            return ran_over(MONTHS, tmp_path, {"name": "erc"}, leverage=limits)
        return ran_over(MONTHS, tmp_path, {"name": "levered_erc", **limits})

    result = ran_with(1.9)
    gross = result.target_weights.abs().sum(axis=1)
    at = int((gross > 1.9 - 1e-9).sum())
    assert 0 < at < len(gross)
    expected = f"the cap on gross exposure binds on {at} of {len(gross)} dates ({section}.max_gross_exposure: 1.9)"
    assert notes_with(result, "gross exposure") == [expected]
    assert notes_with(ran_with(10), "gross exposure") == []


@pytest.mark.parametrize("leverage", [{"multiple": 1.5}, {"debt": 0.5}])
def test_a_cap_of_the_strategy_is_counted_before_leverage_multiplies(tmp_path: Path, leverage: dict[str, Any]) -> None:
    strategy = {"name": "levered_erc", "target_volatility": 0.10, "max_gross_exposure": 1.9}
    plain = ran_over(MONTHS, tmp_path, strategy)
    assert (
        notes_with(ran_over(MONTHS, tmp_path, strategy, leverage=leverage), "the cap")
        == notes_with(plain, "the cap")
        != []
    )


def test_a_floor_that_binds_is_counted(tmp_path: Path) -> None:
    leverage = {"target_volatility": 0.10, "min_gross_exposure": 1.9}
    result = ran_over(MONTHS, tmp_path, {"name": "erc"}, leverage=leverage)
    gross = result.target_weights.abs().sum(axis=1)
    at = int((gross < 1.9 + 1e-9).sum())
    assert 0 < at < len(gross)
    expected = f"the floor on gross exposure binds on {at} of {len(gross)} dates (leverage.min_gross_exposure: 1.9)"
    assert notes_with(result, "gross exposure") == [expected]


def test_targets_that_the_initial_margin_scales_down_are_counted(tmp_path: Path) -> None:
    """Only traded targets count; margin calls have no target of their own."""
    financing = {"spread_bps": 50, "initial_margin": 0.55, "maintenance_margin": 0.545}
    strategy = {"name": "levered_erc", "target_volatility": 0.10, "max_gross_exposure": 10}
    result = ran_over(MONTHS, tmp_path, strategy, financing=financing, rebalance={"frequency": "quarterly"})
    terms = result.trade_terms
    asked, scaled = int((terms["reason"] == "rebalance").sum()), int((terms["scale"] < 1).sum())
    assert 0 < scaled < asked < len(terms)
    (note,) = notes_with(result, "scaled down")
    assert note.startswith(f"{scaled} of {asked} targets scaled down to what the initial margin allows, first on ")


@pytest.mark.parametrize("leverage", [None, {"multiple": 1.5}])
@pytest.mark.parametrize(
    ("bounds", "setting", "names"),
    [
        ({"max_weight": 0.55}, "max_weight", ["TLT"]),
        ({"max_weight": {"TLT": 0.5}}, "max_weight", ["TLT"]),
        ({"max_weight": {"bonds": 0.5}}, "max_weight", ["bonds"]),
        ({"min_weight": 0.2}, "min_weight", ["SPY"]),
        ({"max_weight": 0.99, "min_weight": 0.01}, None, []),
    ],
)
def test_bounds_that_bind_are_counted_by_name(
    tmp_path: Path, bounds: dict[str, Any], setting: str | None, names: list[str], leverage: dict[str, Any] | None
) -> None:
    result = ran_over(MONTHS, tmp_path, {"name": "erc", **bounds}, leverage=leverage)
    found = notes_with(result, "_weight binds on")
    assert len(found) == (setting is not None)
    for note in found:
        shares = result.target_weights.div(result.target_weights.abs().sum(axis=1), axis=0).rename(
            columns={"TLT": "bonds"}
        )
        limit = next(iter(bounds.values()))
        limit = next(iter(limit.values())) if isinstance(limit, dict) else limit
        asset = "bonds" if names[0] in {"TLT", "bonds"} else names[0]
        at = int((abs(shares[asset] - limit) < 1e-6).sum())
        assert note.startswith(f"strategy.{setting} binds on ")
        assert f" of {len(shares)} dates: " in note
        assert f"{names[0]} ({at})" in note


def test_targets_of_a_strategy_in_percent_are_noted(tmp_path: Path) -> None:
    code = (
        "import pandas as pd\nfrom backtest.strategy import MarketView, Strategy\n"
        "class Percent(Strategy):\n"
        "    def target_weights(self, view: MarketView) -> pd.Series:\n"
        "        return pd.Series([60.0, 40.0, -0.0], index=list(view.assets))\n"
    )
    write_strategy(tmp_path, "percent", code)
    (note,) = notes_with(ran_over(MONTHS, tmp_path, {"name": "percent"}), "times NAV")
    assert note.startswith("the sizes of target weights add up to more than 20 times NAV on ")


@pytest.mark.parametrize(
    ("dates", "rebalance", "notes"),
    [
        (MONTHS, {"frequency": "weekly"}, ["rebalance.frequency: weekly has no effect beyond monthly"]),
        (MONTHS, {"frequency": "daily"}, ["rebalance.frequency: daily has no effect beyond monthly"]),
        (MONTHS, {"day": 5}, ["rebalance.day: 5 has no effect: it chooses the same dates as last"]),
        (
            MONTHS,
            {"bands": {"absolute": 0.05, "check": "daily"}},
            ["rebalance.bands.check: daily has no effect beyond monthly"],
        ),
        (MONTHS, {"frequency": "quarterly", "day": 1}, []),
        (MONTHS, {"frequency": "monthly"}, []),
        (MONTHS, {"frequency": "yearly", "bands": {"absolute": 0.05, "check": "monthly"}}, []),
        (MONTHS[::3], {"frequency": "monthly"}, ["rebalance.frequency: monthly has no effect beyond quarterly"]),
        (LONG_DAYS, {"frequency": "daily"}, []),
        (LONG_DAYS, {"frequency": "weekly", "day": 3}, []),
        (LONG_DAYS, {"frequency": "monthly", "day": 5}, []),
        (LONG_DAYS[::5], {"frequency": "daily"}, ["rebalance.frequency: daily has no effect beyond weekly"]),
        (MONTHS, {"minimum_trade": 0.6}, ["rebalance.minimum_trade: 0.6 is above every trade after the first"]),
        (MONTHS, {"minimum_trade": 0.005}, []),
    ],
)
def test_a_setting_that_cannot_take_effect_is_noted(
    tmp_path: Path, dates: pd.DatetimeIndex, rebalance: dict[str, Any], notes: list[str]
) -> None:
    held = {"name": "sixty_forty", "weights": {"SPY": 0.98, "GLD": 0.02}}
    result = ran_over(dates, tmp_path, held, rebalance=rebalance, estimation={"window": 14})
    found = [note for word in ("has no effect", "above every trade") for note in notes_with(result, word)]
    assert len(found) == len(notes)
    assert all(note.startswith(expected) for note, expected in zip(found, notes, strict=True))


def test_a_frequency_without_effect_gives_the_result_of_the_one_that_is_named(tmp_path: Path) -> None:
    held = {"name": "sixty_forty", "weights": {"SPY": 0.6, "GLD": 0.4}}
    weekly, monthly = (ran_over(MONTHS, tmp_path, held, rebalance={"frequency": f}) for f in ("weekly", "monthly"))
    pd.testing.assert_series_equal(weekly.nav, monthly.nav)


def test_a_break_even_without_benchmark_or_financing_is_noted(tmp_path: Path) -> None:
    held = {"name": "sixty_forty", "weights": {"SPY": 0.6, "GLD": 0.4}}
    ran_over(MONTHS, tmp_path, held)
    (tmp_path / "mine.yaml").rename(tmp_path / "plain.yaml")
    words = "report.break_even has no effect: "
    alone = ran_over(MONTHS, tmp_path, held, report={"break_even": True})
    assert notes_with(alone, words) == [f"{words}there is no benchmark to break even with"]
    unlevered = ran_over(MONTHS, tmp_path, held, report={"break_even": True}, benchmark="plain.yaml")
    assert notes_with(unlevered, words) == [f"{words}nothing is borrowed, so no spread is paid"]


def test_a_run_that_holds_nothing_is_noted(tmp_path: Path) -> None:
    words = "nothing is ever held: all target weights are zero, and all of NAV is in cash"
    assert words in ran_over(MONTHS, tmp_path, {"name": "sixty_forty", "weights": {"SPY": 0.0}}).notes
    assert words not in ran_over(MONTHS, tmp_path, {"name": "sixty_forty", "weights": {"SPY": 1e-3}}).notes


def test_a_unit_that_was_probably_not_meant_is_noted(tmp_path: Path) -> None:
    result = ran_over(MONTHS, tmp_path, {"name": "erc"}, costs={"trading_bps": 1000}, financing={"spread_bps": 0.005})
    assert [note.split(" means ")[0] for note in notes_with(result, "which is unusual")] == [
        "costs.trading_bps: 1000", "financing.spread_bps: 0.005",
    ]  # fmt: skip


def test_classes_of_assets_not_held_are_an_error_in_python_too(tmp_path: Path) -> None:
    ran_over(MONTHS, tmp_path, {"name": "erc"})
    config = load_config(tmp_path / "mine.yaml")
    data = config.data.model_copy(update={"classes": {"silver": "metal"}})
    with pytest.raises(DataError, match=r"^data\.classes: silver: not among data\.assets, SPY, GLD, TLT$"):
        bt.run(config.model_copy(update={"data": data}))
