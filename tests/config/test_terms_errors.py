"""Mistakes in the terms of a run: financing, margin, costs, fees, rebalancing; each with its line and column.

The table has the columns of `test_config_errors`: replaced text, replacement, expected place, and message. Here the run
holds no spot series, so that futures are possible, and its capital is known.
"""
# ruff: noqa: E501 - each message is one line

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from backtest.config import RunConfig, load_config
from backtest.data.market_data import load
from backtest.engine.settings.costs import TradingCosts
from backtest.engine.settings.financing import Futures, LeveragedFund, Margin
from backtest.errors import ConfigError
from backtest.runs.plan import Plan
from support.builders.config_mistakes import place
from support.command_line import command

BARS = "  volumes: {path: volumes.csv}\n  opens: {path: volumes.csv}\n"
GOOD = f"""\
name: mine
initial_capital: 1000000
data:
  source: sample
  assets: [us_stocks, us_treasury_10y, gold]
  cash: us_tbill
{BARS}strategy: {{name: erc}}
rebalance: {{frequency: monthly}}
costs: {{trading_bps: 10}}
financing: {{spread_bps: 50}}
fees: {{management_bps: 5}}
"""
HAVE = "assets: us_stocks, us_treasury_10y, gold; classes: bonds, commodities, equities"
EACH = f"expected one number, or one for each asset or its class ({HAVE})"
ON_MARGIN = "kind, allow_negative_spread, spread_bps, tiers, cash_spread_bps, rebate_spread_bps, borrow_fee_bps, initial_margin, maintenance_margin"
IN_FUTURES = "kind, allow_negative_spread, basis_bps, roll_bps, cash_spread_bps, initial_margin, maintenance_margin"
IN_FUNDS = "kind, leverage, swap_spread_bps, expense_ratio_bps, cash_spread_bps, borrow_fee_bps"
NEGATIVE = "is negative: borrowing would cost less than the cash return. Hint: set allow_negative_spread: true if that is intended"
DATE = "expected a date such as 2012-12-31"
DATES = "dates with values, such as {1990-01-01: 50}"
SIZES = "loan sizes with spreads, such as {0: 150, 100000: 100}"
NUMBERS = "expected a valid number or names with values, such as {gold: 1}"
MONEY = "an amount of money; expected initial_capital too, such as 1000000, at the top level"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "volumes.csv").write_text("date,us_stocks,us_treasury_10y,gold\n2000-01-31,1,1,1\n", encoding="utf-8")
    return tmp_path / "mine.yaml"


def with_section(section: str, written: str) -> str:
    """The good configuration with one section, or setting at the top, written otherwise."""
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{section}:")]
    return "\n".join([*lines, f"{section}: {written}", ""])


def mistakes(file: Path, text: str) -> list[str]:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    return [line.removeprefix(f"{file}:") for line in caught.value.problems]


def loaded(file: Path, text: str) -> RunConfig:
    file.write_text(text, encoding="utf-8")
    return load_config(file)


FINANCING = {
    # margin requirements
    "requirement above 1": ("{initial_margin: 1.5}", "1.5", "initial_margin: got 1.5, expected less than or equal to 1"),
    "requirement of 0": ("{initial_margin: 0}", "0}", "initial_margin: got 0, expected greater than 0"),
    "requirement below 0": ("{maintenance_margin: -0.1}", "-0.1", "maintenance_margin: got -0.1, expected greater than 0"),
    "requirement of a class above 1": ("{initial_margin: {equities: 25, bonds: 0.1, gold: 0.2}}", "25", "initial_margin.equities: got 25, expected less than or equal to 1"),
    "requirement in percent": ("{initial_margin: 50%}", "50%", f"initial_margin: got '50%', {NUMBERS}. Hint: 0.5"),
    "requirement in quotes": ("{initial_margin: '0.5'}", "'0.5'", f"initial_margin: got '0.5', {NUMBERS}. Hint: 0.5, without quotes"),
    "maintenance above initial": ("{initial_margin: 0.2, maintenance_margin: 0.3}", "0.3", "maintenance_margin: 0.3 of us_stocks is above its initial margin of 0.2; expected at most that"),
    "one maintenance above an initial": ("{initial_margin: {equities: 0.2, bonds: 0.1, gold: 0.2}, maintenance_margin: 0.15}", "0.15", "maintenance_margin: 0.15 of us_treasury_10y is above its initial margin of 0.1; expected at most that"),
    "a maintenance above the initial": ("{initial_margin: 0.2, maintenance_margin: {gold: 0.21, equities: 0.2, bonds: 0.1}}", "{gold", "maintenance_margin: 0.21 of gold is above its initial margin of 0.2; expected at most that"),
    "of an asset above its class's": ("{kind: futures, initial_margin: {equities: 0.2, bonds: 0.1, gold: 0.2}, maintenance_margin: {us_stocks: 0.3, bonds: 0.05, gold: 0.2}}", "{us_stocks", "maintenance_margin: 0.3 of us_stocks is above its initial margin of 0.2; expected at most that"),
    # names
    "no such class": ("{initial_margin: {equites: 0.2, bonds: 0.1, gold: 0.2}}", "equites", f"initial_margin.equites: neither an asset nor a class of this run ({HAVE}). Did you mean equities?"),
    "an asset without": ("{maintenance_margin: {equities: 0.2, us_treasury_10y: 0.1}}", "{equities", f"maintenance_margin: no value for gold; {EACH}"),
    "a borrow fee of no class": ("{borrow_fee_bps: {golf: 5}}", "golf", f"borrow_fee_bps.golf: neither an asset nor a class of this run ({HAVE}). Did you mean gold?"),
    "a margin call for one": ("{maintenance_margin: {gold: 0.5}}", "{gold", f"maintenance_margin: no value for us_stocks, us_treasury_10y; {EACH}"),
    "a roll for one": ("{kind: futures, roll_bps: {bonds: 5}}", "{bonds", f"roll_bps: no value for us_stocks, gold; {EACH}"),
    "a basis of no class": ("{kind: futures, basis_bps: {bond: 5}}", "bond: 5", f"basis_bps.bond: neither an asset nor a class of this run ({HAVE}). Did you mean bonds?"),
    "a basis from a date on": ("{kind: futures, basis_bps: {1990-01-01: 5}}", "1990", f"basis_bps.1990-01-01: neither an asset nor a class of this run ({HAVE})."),
    # below zero without the setting that allows it
    "negative spread": ("{spread_bps: -5}", "-5", f"spread_bps: -5 {NEGATIVE}"),
    "negative spread, later": ("{spread_bps: {1970-01-01: 5, 1990-01-01: -5}}", "{1970", f"spread_bps: -5 {NEGATIVE}"),
    "negative spread, denied": ("{spread_bps: -5, allow_negative_spread: false}", "-5", f"spread_bps: -5 {NEGATIVE}"),
    "negative basis": ("{kind: futures, basis_bps: -5}", "-5", f"basis_bps: -5 {NEGATIVE}"),
    "negative basis of one": ("{kind: futures, basis_bps: {bonds: 5, gold: -2.5}}", "{bonds", f"basis_bps: -2.5 {NEGATIVE}"),
    "negative swap spread": ("{kind: leveraged_fund, leverage: 3, swap_spread_bps: -5}", "-5", "swap_spread_bps: got -5, expected greater than or equal to 0"),
    "negative fee": ("{borrow_fee_bps: -5}", "-5", "borrow_fee_bps: got -5, expected greater than or equal to 0"),
    # schedules
    "schedule out of order": ("{spread_bps: {1990-01-01: 50, 1980-01-01: 20}}", "{1990", "spread_bps: 1980-01-01 comes after 1990-01-01; expected rising dates"),
    "empty schedule": ("{spread_bps: {}}", "{}", f"spread_bps: empty; expected {DATES}"),
    "a date twice": ("{spread_bps: {1990-01-01: 50, '1990-01-01': 60}}", "'1990", "spread_bps.1990-01-01: appears twice; expected each setting once"),
    "a year": ("{spread_bps: {1990: 50}}", "1990", f"spread_bps.1990: got '1990', {DATE}"),
    "seconds since 1970": ("{spread_bps: {86400: 50}}", "86400", f"spread_bps.86400: got '86400', {DATE}"),
    "tiers as a schedule": ("{spread_bps: {0: 150}}", "0: ", f"spread_bps.0: got '0', {DATE}"),
    "no such month": ("{spread_bps: {1990-13-01: 50}}", "1990", f"spread_bps.1990-13-01: got '1990-13-01', {DATE}"),
    "an asset as a date": ("{spread_bps: {gold: 5}}", "gold", f"spread_bps.gold: got 'gold', {DATE}"),
    "a unit in a schedule": ("{spread_bps: {1990-01-01: 50bp}}", "50bp", "spread_bps.1990-01-01: got '50bp', expected a valid number"),
    "spread in percent": ("{spread_bps: 0.5%}", "0.5%", f"spread_bps: got '0.5%', expected a valid number or {DATES}. Hint: 50 basis points"),
    "spread as a list": ("{spread_bps: [50]}", "[50]", f"spread_bps: got [50], expected a valid number or {DATES}"),
    # tiers
    "tiers that begin above 0": ("{tiers: {100: 150, 100000: 100}}", "{100:", "tiers: the first size is 100; expected 0, for the spread of the smallest loan"),
    "tiers out of order": ("{tiers: {0: 150, 100000: 100, 5000: 10}}", "{0:", "tiers: 5000 comes after 100000; expected rising loan sizes"),
    "no tiers": ("{tiers: {}}", "{}", f"tiers: empty; expected {SIZES}"),
    "tiers without sizes": ("{tiers: [150, 100]}", "[150", f"tiers: got [150, 100], expected {SIZES}"),
    "tiers beside a spread": ("{spread_bps: 50, tiers: {0: 150, 100000: 100}}", "{0:", "tiers: given together with spread_bps; expected only one of the two"),
    "a size with a letter": ("{tiers: {0: 150, 100k: 100}}", "100k", "tiers.100k: got '100k', expected a valid number"),
    "a size without bound": ("{tiers: {0: 150, inf: 100}}", "inf", "tiers.inf: got 'inf', expected a finite number"),
    "a negative tier": ("{tiers: {0: 150, 100000: -10}}", "-10", "tiers.100000: got -10, expected greater than or equal to 0"),
    # funds
    "no leverage": ("{kind: leveraged_fund}", "{kind", "leverage: missing; it has no default"),
    "leverage of 0": ("{kind: leveraged_fund, leverage: 0}", "0}", "leverage: a fund of leverage 0 holds nothing; expected a multiple such as 3 or -1"),
    "leverage with a letter": ("{kind: leveraged_fund, leverage: 3x}", "3x", "leverage: got '3x', expected a valid number"),
    "leverage in percent": ("{kind: leveraged_fund, leverage: 300}", "300", "leverage: got 300, expected less than or equal to 10"),
    "a fund by month": ("{kind: leveraged_fund, leverage: 3}", "leveraged_fund", "kind: a leveraged fund is reset daily, and the data has 12 periods a year; expected daily data"),
    # kinds
    "no such kind": ("{kind: future}", "future", "kind: got 'future', expected one of margin, futures, leveraged_fund. Did you mean futures?"),
    "a kind that is a number": ("{kind: 3}", "3", "kind: got 3, expected one of margin, futures, leveraged_fund"),
    "a spread under futures": ("{kind: futures, spread_bps: 50}", "spread_bps", f"spread_bps: unknown setting; financing accepts: {IN_FUTURES}. spread_bps belongs to kind: margin."),
    "a margin of funds": ("{kind: leveraged_fund, leverage: 3, initial_margin: 0.5}", "initial", f"initial_margin: unknown setting; financing accepts: {IN_FUNDS}. initial_margin belongs to kind: margin or futures."),
    "a basis without kind": ("{basis_bps: 5}", "basis_bps", f"basis_bps: unknown setting; financing accepts: {ON_MARGIN}. basis_bps belongs to kind: futures."),
    "misspelt": ("{sprad_bps: 5}", "sprad", f"sprad_bps: unknown setting; financing accepts: {ON_MARGIN}. Did you mean spread_bps?"),
    "a number": ("50", "50", "got 50, expected settings with values, such as {spread_bps: 50}"),
    "a word": ("futures", "futures", "got 'futures', expected settings with values, such as {kind: futures}"),
}  # fmt: skip
COSTS = {
    "costs of a class and of no asset": ("{trading_bps: {equities: 1, bonds: 2, golf: 3}}", "golf", f"trading_bps.golf: neither an asset nor a class of this run ({HAVE}). Did you mean gold?"),
    "half a spread of one": ("{half_spread_bps: {gold: 1}}", "{gold", f"half_spread_bps: no value for us_stocks, us_treasury_10y; {EACH}"),
    "commission of one": ("{commission_bps: {us_stocks: 1, bonds: 1}}", "{us_stocks", f"commission_bps: no value for gold; {EACH}"),
    "empty schedule": ("{schedule: {}}", "{}", f"schedule: empty; expected {DATES}"),
    "schedule out of order": ("{schedule: {1990-01-01: 10, 1980-01-01: 20}}", "{1990", "schedule: 1980-01-01 comes after 1990-01-01; expected rising dates"),
    "schedule beside a number": ("{schedule: {1900-01-01: 10}, commission_bps: 5}", "{1900", "schedule: given together with commission_bps; expected only one of them"),
    "schedule that is a number": ("{schedule: 5}", "5}", f"schedule: got 5, expected {DATES}"),
    "words for a date": ("{schedule: {before 1956: 100}}", "before", f"schedule.before 1956: got 'before 1956', {DATE}"),
    "percent in a schedule": ("{schedule: {1926-01-01: 1%}}", "1%", "schedule.1926-01-01: got '1%', expected a valid number. Hint: 100 basis points"),
    "negative fixed cost": ("{fixed: -5}", "-5", "fixed: got -5, expected greater than or equal to 0"),
    "fixed cost with its currency": ("{fixed: 5 USD}", "5 USD", "fixed: got '5 USD', expected a valid number"),
    "fixed cost in words of 1.1": ("{fixed: 1_000}", "1_000", "fixed: got '1_000', expected a valid number. Hint: 1000, without _ or ,"),
    "impact without sense": ("{impact: true}", "true", "impact: got true, expected settings with values, such as {name: value}"),
    "impact of 0": ("{impact: {coefficient: 0}}", "0}", "impact.coefficient: got 0, expected greater than 0"),
    "impact of one day": ("{impact: {window: 1}}", "1}", "impact.window: got 1, expected greater than or equal to 2"),
    "misspelt impact": ("{impact: {coeficient: 1}}", "coef", "impact.coeficient: unknown setting; costs.impact accepts: coefficient, window. Did you mean coefficient?"),
}  # fmt: skip
REBALANCE = {
    "bands without width": ("{bands: {}}", "{}", "bands: no width; expected absolute, such as 0.05 of NAV, or relative, such as 0.25 of the target"),
    "a number of bands": ("{bands: 0.05}", "0.05", "bands: got 0.05, expected settings with values, such as {absolute: 0.05}"),
    "band of 0": ("{bands: {absolute: 0}}", "0}", "bands.absolute: got 0, expected greater than 0"),
    "band in whole percent": ("{bands: {relative: 25}}", "25", "bands.relative: got 25, expected less than or equal to 1"),
    "band in percent": ("{bands: {absolute: 5%}}", "5%", "bands.absolute: got '5%', expected a valid number. Hint: 0.05"),
    "to nowhere": ("{bands: {absolute: 0.05, to: middle}}", "middle", "bands.to: got 'middle', expected 'target' or 'edge'"),
    "checked by the hour": ("{bands: {absolute: 0.05, check: hourly}}", "hourly", "bands.check: got 'hourly', expected 'daily', 'weekly', 'monthly', 'quarterly' or 'yearly'"),
    "misspelt in bands": ("{bands: {absolute: 0.05, chek: daily}}", "chek", "bands.chek: unknown setting; rebalance.bands accepts: absolute, relative, to, check, also_on_schedule. Did you mean check?"),
    "bands that are never looked at": ("{frequency: never, bands: {absolute: 0.05}}", "{absolute", "bands: never checked after the first date; expected a frequency too, such as check: monthly"),
    "a day of a day, with bands": ("{frequency: daily, day: 3, bands: {absolute: 0.05}}", "3, bands", "day: no day can be chosen with frequency daily. Hint: remove it"),
    "no trade at all": ("{minimum_trade: 1}", "1}", "minimum_trade: got 1, expected less than 1"),
    "no-trade zone below 0": ("{minimum_trade: -0.1}", "-0.1", "minimum_trade: got -0.1, expected greater than or equal to 0"),
    "no-trade zone in percent": ("{minimum_trade: 1%}", "1%", "minimum_trade: got '1%', expected a valid number. Hint: 0.01"),
    "no trade of what leaves its band": ("{bands: {absolute: 0.05}, minimum_trade: 0.06}", "0.06", "minimum_trade: got 0.06, expected less than bands.absolute, 0.05: trades of weights outside their bands would be too small to be made"),
    "no trade as wide as its band": ("{bands: {absolute: 0.05}, minimum_trade: 0.050}", "0.050", "minimum_trade: got 0.05, expected less than bands.absolute, 0.05: trades of weights outside their bands would be too small to be made"),
    "at the opening": ("{execution: opening}", "opening", "execution: got 'opening', expected 'close' or 'open'. Did you mean open?"),
    "an open before its close": ("{execution: open, execution_lag: 0}", "0}", "execution_lag: got 0, expected 1 or more with execution: open, which is before the close"),
}  # fmt: skip
FEES = {
    "all of the gains": ("{performance: {rate: 1}}", "1}", "performance.rate: got 1, expected less than 1"),
    "gains in percent": ("{performance: {rate: 20%}}", "20%", "performance.rate: got '20%', expected a valid number. Hint: 0.2"),
    "a number of gains": ("{performance: 0.2}", "0.2", "performance: got 0.2, expected settings with values, such as {rate: 0.2}"),
    "no rate": ("{performance: {every: yearly}}", "{every", "performance.rate: missing; it has no default"),
    "every year": ("{performance: {rate: 0.2, every: year}}", "year}", "performance.every: got 'year', expected 'monthly', 'quarterly' or 'yearly'. Did you mean yearly?"),
    "misspelt": ("{performance: {rate: 0.2, evry: yearly}}", "evry", "performance.evry: unknown setting; fees.performance accepts: rate, every. Did you mean every?"),
    "expenses of one": ("{expense_ratio_bps: {gold: 1}}", "{gold", f"expense_ratio_bps: no value for us_stocks, us_treasury_10y; {EACH}"),
}  # fmt: skip
CAPITAL = {
    "with underscores": ("1_000_000", "1_000_000", "got '1_000_000', expected a valid number. Hint: 1000000, without _ or ,"),
    "with commas": ("1,000,000", "1,000,000", "got '1,000,000', expected a valid number. Hint: 1000000, without _ or ,"),
    "in quotes": ("'1000000'", "'1000000'", "got '1000000', expected a valid number. Hint: 1000000, without quotes"),
    "as yes": ("true", "true", "got true, expected a valid number"),
    "none": ("0", "0", "got 0, expected greater than 0"),
    "without bound": (".inf", ".inf", "got inf, expected a finite number"),
    "with a letter": ("1M", "1M", "got '1M', expected a valid number"),
}  # fmt: skip
ONE = {
    f"{section}: {name}": (section, *mistake)
    for section, table in (
        ("financing", FINANCING), ("costs", COSTS), ("rebalance", REBALANCE), ("fees", FEES), ("initial_capital", CAPITAL),
    )
    for name, mistake in table.items()
}  # fmt: skip


@pytest.mark.parametrize(("section", "written", "at", "words"), ONE.values(), ids=ONE.keys())
def test_a_mistake_is_reported_with_its_place(file: Path, section: str, written: str, at: str, words: str) -> None:
    text = with_section(section, written)
    line, column = len(text.splitlines()), int(place(written, at).split(":")[1]) + len(section) + 2
    dot = ": " if words.startswith("got") else "."
    assert mistakes(file, text) == [f"{line}:{column}: {section}{dot}{words}"]


@pytest.mark.parametrize(
    ("section", "written", "without", "at", "words"),
    [
        ("financing", "{tiers: {0: 150, 100000: 100}}", "initial_capital: 1000000\n", "{0:", f"tiers: {MONEY}"),
        ("costs", "{fixed: 5}", "initial_capital: 1000000\n", "5}", f"fixed: {MONEY}"),
        ("costs", "{impact: {}}", "initial_capital: 1000000\n", "{}", f"impact: {MONEY}"),
        ("costs", "{impact: {}}", "  volumes: {path: volumes.csv}\n", "{}", "impact: needs data.volumes; expected the value traded of each asset too"),
        ("rebalance", "{execution: open}", "  opens: {path: volumes.csv}\n", "open", "execution: open needs open prices; expected data.opens too"),
    ],
)  # fmt: skip
def test_a_term_that_needs_another_setting_is_reported_at_the_term(
    file: Path, section: str, written: str, without: str, at: str, words: str
) -> None:
    assert GOOD.count(without) == 1
    text = with_section(section, written).replace(without, "")
    line, column = len(text.splitlines()), int(place(written, at).split(":")[1]) + len(section) + 2
    assert mistakes(file, text) == [f"{line}:{column}: {section}.{words}"]


def test_futures_refuse_spot_series_before_prices_are_read(file: Path) -> None:
    """Oil of the sample by its source, gold by its own settings, and a model by the series it follows."""
    text = with_section("financing", "{kind: futures}").replace("us_treasury_10y, gold]", "crude_oil]")
    text = text.replace(BARS, "")
    why = "whose return above the cash return is not the return of a future: futures have a roll yield and no storage costs. Hint: remove it, use a futures index instead, or set kind: margin"
    assert mistakes(file, text) == [f"{place(text, 'futures')}: financing.kind: crude_oil is a spot price, {why}"]
    text = text.replace("[us_stocks, crude_oil]", "{gold: {spot: true}, oil_2x: {of: crude_oil, leverage: 2}}")
    assert mistakes(file, text) == [f"{place(text, 'futures')}: financing.kind: gold, oil_2x are spot prices, {why}"]
    loaded(file, text.replace("spot: true", "spot: false").replace(", oil_2x: {of: crude_oil, leverage: 2}", ""))


@pytest.mark.parametrize(
    "more",
    ["", "  frequency: monthly\n", "  periods_per_year: 52\n"],
)
def test_a_leveraged_fund_takes_daily_data(file: Path, more: str) -> None:
    """Settings that rule out daily data are reported with their line, prices of another frequency when they are read."""
    text = GOOD.replace("source: sample", "source: sample_daily").replace("us_stocks", "us_equity")
    text = text.replace(BARS, more)
    text = text.replace("{spread_bps: 50}", "{kind: leveraged_fund, leverage: 2}")
    if not more:
        assert loaded(file, text).financing == LeveragedFund(kind="leveraged_fund", leverage=2.0)
        return
    (found,) = mistakes(file, text)
    assert found.startswith(f"{place(text, 'leveraged_fund')}: financing.kind: a leveraged fund is reset daily")


IMPACT_OF_FUNDS = "costs.impact: the impact of trading a fund's shares falls on the fund's own trades, which are not modelled. Hint: remove it, or set financing.kind: margin or futures"


def test_market_impact_is_refused_with_leveraged_funds(file: Path) -> None:
    """The mistake has its line; with monthly data it is the second mistake."""
    text = with_section("costs", "{impact: {window: 5}}").replace(
        "{spread_bps: 50}", "{kind: leveraged_fund, leverage: 2}"
    )
    monthly, impact = sorted(mistakes(file, text), key=lambda line: line.count("impact"))
    assert monthly.startswith(f"{place(text, 'leveraged_fund')}: financing.kind: a leveraged fund is reset daily")
    assert impact == f"{place(text, '{window')}: {IMPACT_OF_FUNDS}"


def test_fees_of_borrowed_funds_are_by_asset_or_class(file: Path) -> None:
    text = GOOD.replace("source: sample", "source: sample_daily").replace(
        "[us_stocks, us_treasury_10y, gold]", "[us_equity, gold]"
    )
    text = text.replace(BARS, "").replace(
        "{spread_bps: 50}", "{kind: leveraged_fund, leverage: 2, borrow_fee_bps: {gold: 5}}"
    )
    config = loaded(file, text)
    fees = Plan.of(config, load(config.data, file.parent)).terms.borrow_fee
    assert fees is not None
    assert fees.tolist() == [0.0, 0.0005]
    (found,) = mistakes(file, text.replace("{gold: 5}", "{golf: 5}"))
    assert found.startswith(f"{place(text, 'gold: 5')}: financing.borrow_fee_bps.golf: neither an asset nor a class")


def test_periods_per_year_cannot_make_monthly_data_daily(file: Path) -> None:
    """A monthly source is reported with its line; the frequency of a file is known once its dates are read."""
    months = load(loaded(file, GOOD.replace(BARS, "")).data, file.parent)
    table = months.prices.assign(us_tbill=(1 + months.cash_returns.fillna(0.0)).cumprod())
    table.to_csv(file.parent / "months.csv", index_label="date")
    text = GOOD.replace(BARS, "  periods_per_year: 252\n")
    text = text.replace("{spread_bps: 50}", "{kind: leveraged_fund, leverage: 2}")
    why = "financing.kind: a leveraged fund is reset daily, and the data has 12 periods a year; expected daily data"
    assert mistakes(file, text) == [f"{place(text, 'leveraged_fund')}: {why}"]
    text = text.replace("source: sample", "source: csv\n  path: months.csv")
    config = loaded(file, text.replace("strategy:", "estimation: {covariance: sample, window: 36}\nstrategy:"))
    with pytest.raises(ConfigError) as caught:
        _ = Plan.of(config, load(config.data, file.parent)).terms
    assert str(caught.value).endswith(why)


def test_only_margin_pays_the_loan_rate(file: Path) -> None:
    text = with_section("financing", "{kind: futures}").replace("  cash:", "  loan_rate: 0.02\n  cash:")
    words = "financing.kind: futures does not use data.loan_rate; expected margin, or no loan rate"
    assert mistakes(file, text) == [f"{place(text, 'futures')}: {words}"]


def test_a_schedule_that_begins_after_the_data_is_reported_with_its_place(file: Path) -> None:
    """That is known when prices are read; the command line says it like other mistakes."""
    for section, setting in (("costs", "schedule"), ("financing", "spread_bps")):
        file.write_text(
            with_section(section, f"{{{setting}: {{1990-01-01: 10}}}}").replace(BARS, ""),
            encoding="utf-8",
        )
        answer = command("run", str(file), "--output", str(file.parent / "report"))
        at = f"11:{len(section) + len(setting) + 6}"
        words = f"{section}.{setting}: begins on 1990-01-01, but the data begins on 1977-12-31; expected a value from the first date of the data on"
        assert (answer.code, answer.err.splitlines()[-1]) == (2, f"error: {file}:{at}: {words}")


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"costs": TradingCosts(trading_bps={"gold": 1.0})}, "costs.trading_bps: no value for us_stocks; expected one number, or one for each asset or its class"),
        ({"financing": Margin(initial_margin=0.2, maintenance_margin=0.3)}, "financing.maintenance_margin: 0.3 of us_stocks is above its initial margin of 0.2; expected at most that"),
        ({"financing": Futures(kind="futures")}, "financing.kind: crude_oil is a spot price, whose return above …"),
        ({"financing": LeveragedFund(kind="leveraged_fund", leverage=2.0)}, "financing.kind: a leveraged fund is reset daily, and the data has 12 periods a year; expected daily data"),
    ],
    ids=["an asset without", "maintenance above initial", "spot", "monthly"],
)  # fmt: skip
def test_terms_made_in_python_are_checked_too(file: Path, terms: dict[str, object], words: str) -> None:
    """Without a file the message has no place; with a file of other settings it has the nearest place."""
    text = GOOD.replace(BARS, "").replace("us_treasury_10y, gold", "gold, crude_oil")
    config = loaded(file, text).model_copy(update=terms)
    if not words.startswith("costs.trading"):
        config = config.model_copy(update={"file": Path()})
    with pytest.raises(ConfigError) as caught:
        _ = Plan.of(config, load(config.data, file.parent)).terms
    place_of_costs = f"{file}:{place(text, '10}')}: " if words.startswith("costs.trading") else ""
    wanted = place_of_costs + words.replace("no value for us_stocks", "no value for us_stocks, crude_oil")
    assert str(caught.value).startswith(wanted.removesuffix("…"))


@pytest.mark.parametrize("written", ["{spread_bps: -5}", "{kind: leveraged_fund, leverage: 0}", "{initial_margin: 2}"])
def test_the_command_line_exits_with_2(file: Path, written: str) -> None:
    file.write_text(with_section("financing", written), encoding="utf-8")
    answer = command("run", str(file), "--output", str(file.parent / "report"))
    assert answer.code == 2
    assert answer.err.startswith(f"error: {file}:13:")
    assert "Traceback" not in answer.err
    assert not (file.parent / "report").exists()


def test_mistakes_of_all_terms_are_reported_together(file: Path) -> None:
    text = GOOD.replace("{frequency: monthly}", "{bands: {}, minimum_trade: 2}")
    text = text.replace("{trading_bps: 10}", "{trading_bps: {gold: 1}, schedule: {}, fixed: -1}")
    text = text.replace(
        "{spread_bps: 50}", "{spread_bps: -1, tiers: {5: 1}, initial_margin: 0.1, maintenance_margin: 0}"
    )
    text = text.replace("{management_bps: 5}", "{performance: {rate: 2}}").replace("1000000", "0")
    assert [line.split(": ")[1] for line in mistakes(file, text)] == [
        "initial_capital",
        "rebalance.bands",
        "rebalance.minimum_trade",
        "costs.trading_bps",
        "costs.schedule",
        "costs.fixed",
        "financing.spread_bps",
        "financing.tiers",
        "financing.maintenance_margin",
        "fees.performance.rate",
    ]


# Valid terms


def test_financing_without_a_kind_is_margin(file: Path) -> None:
    assert loaded(file, GOOD).financing == Margin(spread_bps=50.0)
    assert loaded(file, with_section("financing", "{}")).financing == Margin()
    assert loaded(file, with_section("financing", "{kind: margin, spread_bps: 50}")).financing == Margin(
        spread_bps=50.0
    )


def test_default_basis_is_for_treasuries_only(file: Path) -> None:
    futures = loaded(file, with_section("financing", "{kind: futures}")).financing
    assert isinstance(futures, Futures)
    assert futures.basis_bps == {"bonds": 58.7}


@pytest.mark.parametrize(
    ("section", "written"),
    [
        ("financing", "{spread_bps: -5, allow_negative_spread: true}"),
        ("financing", "{spread_bps: {1900-01-01: 100, 1990-01-01: -5}, allow_negative_spread: true}"),
        ("financing", "{kind: futures, basis_bps: {gold: -5}, allow_negative_spread: true}"),
        ("financing", "{tiers: {0: 150, 100000: 100, 1e6: 75}}"),
        ("financing", "{initial_margin: {equities: 0.5, gold: 0.2, bonds: 1}, maintenance_margin: 0.2}"),
        ("financing", "{initial_margin: {equities: 0.1, us_stocks: 0.5, gold: 0.2, bonds: 1}, maintenance_margin: {us_stocks: 0.5, bonds: 0.3, gold: 0.2}}"),
        ("financing", "{maintenance_margin: 0.25}"),
        ("financing", "{borrow_fee_bps: {gold: 5}}"),
        ("financing", "{kind: futures, basis_bps: {gold: 10}}"),
        ("costs", "{half_spread_bps: 1, commission_bps: {equities: 2, bonds: 1, commodities: 3}, fixed: 5, impact: {}}"),
        ("costs", "{schedule: {1900-01-01: 100, '1956-01-01': 50}}"),
        ("rebalance", "{execution: open}"),
        ("rebalance", "{frequency: never, bands: {absolute: 0.05, check: monthly}}"),
        ("rebalance", "{frequency: yearly, bands: {absolute: 0.05, relative: 0.25, to: edge, check: weekly, also_on_schedule: true}, minimum_trade: 0.001}"),
        ("fees", "{performance: {rate: 0.2, every: quarterly}, expense_ratio_bps: {equities: 3, bonds: 4, gold: 40}}"),
        ("initial_capital", "1e6"),
    ],
)  # fmt: skip
def test_valid_settings_are_accepted(file: Path, section: str, written: str) -> None:
    loaded(file, with_section(section, written))


@pytest.mark.parametrize(
    ("section", "written"),
    [
        ("financing", "{spread_bps: {1900-01-01: 100, 1990-01-01: 50}, initial_margin: {equities: 0.5, bonds: 0.2, gold: 0.5}}"),
        ("financing", "{tiers: {0: 150, 100000: 100, 1e6: 75}}"),
        ("financing", "{kind: futures}"),
        ("costs", "{schedule: {1900-01-01: 100}, fixed: 5, impact: {window: 63}}"),
        ("rebalance", "{execution: open, bands: {relative: 0.25, check: weekly}}"),
        ("fees", "{performance: {rate: 0.2}}"),
    ],
)  # fmt: skip
def test_terms_of_a_manifest_make_the_same_configuration(file: Path, section: str, written: str) -> None:
    resolved = loaded(file, with_section(section, written)).resolved()
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(resolved, stream)
    assert load_config(file).resolved() == resolved


def test_an_open_is_never_before_the_close_that_decides(file: Path) -> None:
    """Monthly data trades at the close of the decision by default; the open of that date was before it."""
    assert loaded(file, with_section("rebalance", "{execution: open}")).rebalance.lag(12) == 1
    assert loaded(file, with_section("rebalance", "{execution: close}")).rebalance.lag(12) == 0
