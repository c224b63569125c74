"""Every kind of mistake in a configuration: what is said of it, and that it is said of the right line and column.

Places are worked out here from the text alone: `place(text, "golf")` is where those letters stand. A table of mistakes
gives what is written instead of what, whose place is expected, and the words after it; words that end in an ellipsis
are the beginning of the line.
"""
# ruff: noqa: E501 - a message is one line, and so it is here

from pathlib import Path

import pytest

from backtest.config import load_config
from backtest.errors import ConfigError
from support.builders.config_mistakes import ASSETS, EACH, GOOD, HAVE, SERIES, edited, loaded, mistakes, place

SECTIONS = (
    "name, data, initial_capital, estimation, strategy, leverage, rebalance, costs, financing, fees, benchmark, report"
)
DATA = (
    "source, path, values, assets, cash, loan_rate, consumer_prices, classes, calendar, splice, currency, fx, opens, volumes, frequency, start, end, ragged, periods_per_year, "
    "cache, max_age, offline, timeout"
)
SOURCES = "sample, sample_daily, csv, parquet, fred, french, french_daily, yfinance, or package.module:Class"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    return tmp_path / "mine.yaml"


def test_the_configuration_that_all_mistakes_are_put_into_is_good(file: Path) -> None:
    config = loaded(file, GOOD)
    assert config.name == "mine"
    assert config.data.assets == ("us_stocks", "us_treasury_10y", "gold", "crude_oil")
    assert config.folder == file.parent


# 1. One mistake, its place and its words

ONE = {
    # a key that is not known, in every section
    "top": ("costs: {", "cost: {", "cost:", f"cost: unknown setting; a configuration accepts: {SECTIONS}. Did you mean costs?"),
    "top, nothing near": ("costs: {trading_bps: 10}", "xyz: 1", "xyz", f"xyz: unknown setting; a configuration accepts: {SECTIONS}."),
    "file": ("costs: {trading_bps: 10}", "file: x.yaml", "file", f"file: unknown setting; a configuration accepts: {SECTIONS}."),
    "data": ("  cash:", "  csh: x\n  cash:", "csh", f"data.csh: unknown setting; data accepts: {DATA}. Did you mean cash?"),
    "estimation": ("window: 36", "windw: 36", "windw", "estimation.windw: unknown setting; estimation accepts: covariance, window, missing. Did you mean window?"),
    "strategy": ("{name: erc}", "{name: erc, bugets: {gold: 1}}", "bugets", "strategy.bugets: unknown setting; erc accepts: budgets, min_weight, max_weight. Did you mean budgets?"),
    "a removed setting": ("{name: erc}", "{name: erc, formulation: least_squares}", "formulation", "strategy.formulation: unknown setting; erc accepts: budgets, min_weight, max_weight. It was removed, as bounds are always met by the log barrier: leave it out."),
    "strategy without settings": ("{name: erc}", "{name: equal_weight, lokback: 3}", "lokback", "strategy.lokback: unknown setting; equal_weight accepts: none."),
    "rebalance": ("execution_lag: 0", "excution_lag: 0", "excution_lag", "rebalance.excution_lag: unknown setting; rebalance accepts: frequency, day, execution_lag, execution, bands, minimum_trade. Did you mean execution_lag?"),
    "costs": ("trading_bps", "trading_bp", "trading_bp", "costs.trading_bp: unknown setting; costs accepts: trading_bps, half_spread_bps, commission_bps, schedule, fixed, impact. Did you mean trading_bps?"),
    "financing": ("spread_bps", "spread", "spread:", "financing.spread: unknown setting; financing accepts: kind, allow_negative_spread, spread_bps, tiers, cash_spread_bps, rebate_spread_bps, borrow_fee_bps, initial_margin, maintenance_margin. Did you mean spread_bps?"),
    "fees": ("financing: {spread_bps: 50}", "fees: {managment_bps: 1}", "managment_bps", "fees.managment_bps: unknown setting; fees accepts: management_bps, expense_ratio_bps, performance. Did you mean management_bps?"),
    "report": ("financing: {spread_bps: 50}", "report: {quantstat: true}", "quantstat", "report.quantstat: unknown setting; report accepts: quantstats, break_even. Did you mean quantstats?"),
    "a key with a dot": ("costs: {trading_bps: 10}", "costs.trading_bps: 10", "costs.trading_bps", "costs.trading_bps: unknown setting; …"),
    "a merge key": ("financing: {spread_bps: 50}", "fees: {<<: {management_bps: 1}}", "<<", "fees.<<: unknown setting; fees accepts: …"),
    # twice
    "twice": ("financing:", "name: two\nfinancing:", "name: two", "name: stands twice; expected each setting once"),
    "twice inside": ("window: 36", "window: 36, window: 24", "window: 24", "estimation.window: stands twice; expected each setting once"),
    # missing
    "no name": ("name: mine\n", "", "data:", "name: missing; it has no default"),
    "no cash": ("  cash: us_tbill\n", "", "source", "data.cash: missing; it has no default"),
    "no assets": (f"  assets: [{ASSETS}]\n", "", "source", "data.assets: missing; it has no default"),
    "no strategy": ("strategy: {name: erc}\n", "", "name: mine", "strategy: missing; it has no default"),
    "strategy without name": ("{name: erc}", "{budgets: {gold: 1}}", "{budgets", "strategy: expected a mapping with a name, such as {name: erc}"),
    "strategy as text": ("{name: erc}", "erc", "erc", "strategy: expected a mapping with a name, such as {name: erc}"),
    "strategy as list": ("{name: erc}", "[erc]", "[erc", "strategy: expected a mapping with a name, such as {name: erc}"),
    "strategy's name as list": ("{name: erc}", "{name: [erc]}", "{name: [", "strategy: expected a mapping with a name, such as {name: erc}"),
    # series
    "no such asset": ("gold,", "golf,", "golf", f"data.assets[2]: no series golf; there are: {SERIES}. Did you mean gold?"),
    "nothing near it": ("gold,", "ON,", "ON,", f"data.assets[2]: no series ON; there are: {SERIES}."),
    "macro as asset": ("gold,", "us_cpi,", "us_cpi", f"data.assets[2]: us_cpi is no price series; there are: {SERIES}."),
    "asset twice": ("gold,", "gold, us_stocks,", "[us_stocks", "data.assets: named twice: us_stocks"),
    "a reserved name": ("gold,", "date,", "[us_stocks", "data.assets: date: a column of the report's own; rename it in the source"),
    "an asset that is a number": ("gold,", "7203,", "7203", "data.assets[2]: got 7203, expected …"),
    "no assets in the list": (f"[{ASSETS}]", "[]", "[]", "data.assets: …"),
    "assets as text": (f"[{ASSETS}]", "gold", "gold", "data.assets: got 'gold', expected …"),
    "no such cash": ("us_tbill", "us_bill", "us_bill", f"data.cash: no series us_bill; there are: {SERIES}. Did you mean us_tbill?"),
    "macro as cash": ("us_tbill", "us_cpi", "us_cpi", f"data.cash: us_cpi is no price series; there are: {SERIES}."),
    "cash in percent": ("us_tbill", "5", "5\n  start", "data.cash: a rate of 5 a year; expected a decimal such as 0.02 for 2 %"),
    "cash of 100 %": ("us_tbill", "1.0", "1.0", "data.cash: a rate of 1 a year; expected a decimal such as 0.02 for 2 %"),
    "cash that is no number": ("us_tbill", ".nan", ".nan", "data.cash: a rate of nan a year; expected a decimal such as 0.02 for 2 %"),
    "cash without bound": ("us_tbill", ".inf", ".inf", "data.cash: a rate of inf a year; expected a decimal such as 0.02 for 2 %"),
    "cash as list": ("us_tbill", "[us_tbill]", "[us_tbill", "data.cash: got ['us_tbill'], expected …"),
    "class of no asset": ("  start", "  classes: {silver: metal}\n  start", "metal", "data.classes.silver: is not among data.assets"),
    # sources
    "no such source": ("source: sample", "source: smple", "smple", f"data.source: got 'smple', expected one of {SOURCES}. Did you mean sample?"),
    "path with a sample": ("source: sample", "source: sample\n  path: x.csv", "x.csv", "data.path: source sample is bundled and takes no path; for a file use source: csv or parquet"),
    "csv without path": ("source: sample", "source: csv", "source", "data: source csv needs a path to its file"),
    "parquet without path": ("source: sample", "source: parquet", "source", "data: source parquet needs a path to its file"),
    "no such source of one's own": ("source: sample", "source: no.such:Source", "no.such", "data.source: no.such:Source: …"),
    "a class that is no source": ("source: sample", "source: pathlib:Path", "pathlib", "data.source: pathlib:Path: not a source; expected a class that extends backtest.data.sources.source.Source, with fetch"),
    "path with a live source": ("source: sample", "source: yfinance\n  path: x.csv", "x.csv", "data.path: source yfinance is not a file and takes no path; for a file use source: csv or parquet"),
    "returns of a live source": ("source: sample", "source: fred\n  values: returns", "returns", "data.values: source fred states what it holds; returns are for source: csv or parquet"),
    "no such setting of an asset": (f"[{ASSETS}]", "{us_stocks: {clas: equities}}", "clas", "data.assets.us_stocks.clas: unknown setting; data.assets.us_stocks accepts: source, symbol, path, values, rate, currency, class, spot. Did you mean class?"),
    "no such source of an asset": (f"[{ASSETS}]", "{us_stocks: {source: fread}}", "fread", f"data.assets.us_stocks.source: got 'fread', expected one of {SOURCES}. Did you mean fred?"),
    "an asset of csv without path": (f"[{ASSETS}]", "{a: {source: csv}}", "{a", "data.assets: a: source csv needs a path to its file"),
    "no such asset in a mapping": (f"[{ASSETS}]", "{golf: metals}", "metals", f"data.assets.golf: no series golf; there are: {SERIES}. Did you mean gold?"),
    "no such symbol of an asset": (f"[{ASSETS}]", "{mine: {symbol: golf}}", "{symbol", f"data.assets.mine: no series golf; there are: {SERIES}. Did you mean gold?"),
    "cash without symbol": ("us_tbill", "{source: fred}", "{source", "data.cash: got {'source': 'fred'}, expected the symbol too, such as {source: fred, symbol: DTB3}"),
    "no such way to quote": ("us_tbill", "{source: fred, symbol: X, rate: {quoted: discnt}}", "discnt", "data.cash.rate.quoted: got 'discnt', expected …"),
    "no such calendar": ("  start", "  calendar: both\n  start", "both", "data.calendar: got 'both', expected 'intersection' or 'union'"),
    "splice of no asset": ("  start", "  splice: {silver: gold}\n  start", "{silver", "data.splice: silver: not among data.assets; expected asset: the series that extends it"),
    "splice to itself": ("  start", "  splice: {gold: gold}\n  start", "{gold", "data.splice: gold: spliced to itself; expected another series"),
    "splice to no series": ("  start", "  splice: {gold: golf}\n  start", "golf}", f"data.splice.gold: no series golf; there are: {SERIES}. Did you mean gold?"),
    "an age without unit": ("  start", "  max_age: 12\n  start", "12\n", "data.max_age: got 12, expected …"),
    "an age of weeks": ("  start", "  max_age: 2w\n  start", "2w", "data.max_age: got '2w', expected hours or days, such as 12h or 7d"),
    "no time at all": ("  start", "  timeout: 0\n  start", "0\n", "data.timeout: got 0, expected greater than 0"),
    "returns of a sample": ("source: sample", "source: sample\n  values: returns", "returns", "data.values: …"),
    # dates
    "end before start": ("2012-12-31", "1970-12-31", "1970-12-31", "data.end: 1970-12-31 is not after start, 1978-01-01"),
    "end on start": ("2012-12-31", "'1978-01-01'", "'1978", "data.end: 1978-01-01 is not after start, 1978-01-01"),
    "no such date": ("2012-12-31", "2012-02-30", "2012-02-30", "data.end: got '2012-02-30', expected …"),
    "a year": ("2012-12-31", "2012", "2012", "data.end: got 2012, expected …"),
    "words": ("1978-01-01", "yesterday", "yesterday", "data.start: got 'yesterday', expected …"),
    # numbers
    "negative window": ("36", "-36", "-36", "estimation.window: a window of -36; expected two periods or more, as a variance needs two returns"),
    "window of 0": ("36", "0", "0}\nstrategy", "estimation.window: a window of 0; expected two periods or more, as a variance needs two returns"),
    "window of 1": ("36", "1", "1}\nstrategy", "estimation.window: a window of 1; expected two periods or more, as a variance needs two returns"),
    "window of one row": ("36", "1D", "1D", "estimation.window: a window of 1D; expected two periods or more, as a variance needs two returns"),
    "3X": ("36", "3X", "3X", "estimation.window: '3X' is no window; expected a number of periods such as 36, years '3Y', months '3M', or rows '252D'"),
    "window in quotes": ("36", "'36'", "'36'", "estimation.window: '36' is no window; expected a number of periods such as 36, years '3Y', months '3M', or rows '252D'"),
    "half a window": ("36", "2.5", "2.5", "estimation.window: got 2.5, expected …"),
    "window as yes": ("36", "true", "true", "estimation.window: got true, expected …"),
    "a setting of an estimator's own": ("sample, window: 36", "ewma, half_lif: 3", "half_lif", "estimation.half_lif: unknown setting; estimation accepts: covariance, window, missing, half_life, correlation_half_life. Did you mean half_life?"),
    "a setting of another estimator": ("window: 36", "half_life: 3", "half_life", "estimation.half_life: unknown setting; estimation accepts: covariance, window, missing. half_life goes with covariance: ewma."),
    "no estimator named": ("covariance: sample, window", "windo", "windo:", "estimation.windo: unknown setting; estimation accepts: covariance, window, missing. Did you mean window?"),
    "half-life": ("sample, window: 36", "ewma, half_life: 1W", "1W", "estimation.half_life: '1W' is no half-life; expected a number of periods such as 11, years '1Y', months '3M', or rows '63D'"),
    "refit": ("sample, window: 36", "ccc, refit: often", "often", "estimation.refit: 'often' is no window; expected a number of periods such as 36, years '3Y', months '3M', or rows '252D'"),
    "missing": ("window: 36", "missing: complete", "complete}", "estimation.missing: got 'complete', expected 'complete_assets' or 'complete_rows'"),
    "near an estimator": ("covariance: sample", "covariance: ewm", "ewm", "estimation.covariance: got 'ewm', expected one of sample, …"),
    "estimators in a list": ("covariance: sample", "covariance: [sample]", "[sample", "estimation.covariance: got ['sample'], expected one of sample, …"),
    "covariance without a name": ("covariance: sample", "covariance: ~", "~", "estimation.covariance: got nothing, expected one of sample, …"),
    "estimation in a word": ("{covariance: sample, window: 36}", "sample", "sample\nstrategy", "estimation: got 'sample', expected settings with values, such as {name: value}"),
    "covariance": ("covariance: sample", "covariance: shrunk", "shrunk", "estimation.covariance: got 'shrunk', expected one of sample, …"),
    "frequency": ("frequency: monthly", "frequency: month", "month,", "rebalance.frequency: got 'month', expected 'daily', 'weekly', 'monthly', 'quarterly', 'yearly' or 'never'"),
    "day 0": ("frequency: monthly", "frequency: monthly, day: 0", "0, exec", "rebalance.day: got 0, expected first, last, 1 to 31, or -31 to -1, with frequency monthly"),
    "eighth day of a week": ("frequency: monthly", "frequency: weekly, day: -8", "-8", "rebalance.day: got -8, expected first, last, 1 to 7, or -7 to -1, with frequency weekly"),
    "day of a day": ("frequency: monthly", "frequency: daily, day: first", "first", "rebalance.day: no day can be chosen with frequency daily. Hint: leave it out"),
    "a day that is none": ("frequency: monthly", "day: frist", "frist", "rebalance.day: got 'frist', expected 'first' or 'last'"),
    "half a day": ("frequency: monthly", "day: 1.5", "1.5", "rebalance.day: got 1.5, expected …"),
    "negative lag": ("execution_lag: 0", "execution_lag: -1", "-1}", "rebalance.execution_lag: got -1, expected greater than or equal to 0"),
    "half a lag": ("execution_lag: 0", "execution_lag: 0.5", "0.5", "rebalance.execution_lag: got 0.5, expected …"),
    "periods": ("  start", "  periods_per_year: 0\n  start", "0\n  start", "data.periods_per_year: got 0, expected greater than or equal to 1"),
    "negative cost": ("trading_bps: 10", "trading_bps: -1", "-1}", "costs.trading_bps: got -1, expected greater than or equal to 0"),
    "cost above all": ("trading_bps: 10", "trading_bps: 10000", "10000", "costs.trading_bps: got 10000, expected less than 10000"),
    "cost that is no number": ("trading_bps: 10", "trading_bps: .nan", ".nan", "costs.trading_bps: got nan, expected a finite number"),
    "cost without bound": ("trading_bps: 10", "trading_bps: .inf", ".inf", "costs.trading_bps: got inf, expected a finite number"),
    "cost as text": ("trading_bps: 10", "trading_bps: ten", "ten", "costs.trading_bps: got 'ten', expected a valid number…"),
    "cost as list": ("trading_bps: 10", "trading_bps: [10]", "[10]", "costs.trading_bps: got [10], expected a valid number…"),
    "cost as yes": ("trading_bps: 10", "trading_bps: true", "true", "costs.trading_bps: got true, expected …"),
    "cost in quotes": ("trading_bps: 10", "trading_bps: '10'", "'10'", "costs.trading_bps: got '10', expected …"),
    "spread that is no number": ("spread_bps: 50", "spread_bps: .nan", ".nan", "financing.spread_bps: got nan, expected a finite number"),
    "ragged": ("  start", "  ragged: maybe\n  start", "maybe", "data.ragged: got 'maybe', expected …"),
    # one for each asset
    "costs of some assets": ("trading_bps: 10", "trading_bps: {gold: 1, us_stocks: 2}", "{gold", f"costs.trading_bps: nothing for us_treasury_10y, crude_oil; {EACH}"),
    "costs of another": ("trading_bps: 10", "trading_bps: {gold: 1, us_stocks: 2, us_treasury_10y: 1, crude_oil: 1, tin: 1}", "tin", f"costs.trading_bps.tin: neither an asset nor a class of this run ({HAVE})."),
    "a negative one among costs": ("trading_bps: 10", "trading_bps: {gold: -7, us_stocks: 2, us_treasury_10y: 1, crude_oil: 1}", "-7", "costs.trading_bps.gold: got -7, expected greater than or equal to 0"),
    "expenses of some": ("financing: {spread_bps: 50}", "fees: {expense_ratio_bps: {gold: 1}}", "{gold", f"fees.expense_ratio_bps: nothing for us_stocks, us_treasury_10y, crude_oil; {EACH}"),
    # names
    "name with a slash": ("name: mine", "name: a/b", "a/b", "name: got 'a/b', expected …"),
    "name with a backslash": ("name: mine", "name: a\\b", "a\\b", "name: got 'a\\\\b', expected …"),
    "name above": ("name: mine", "name: ..", "..\n", "name: got '..', expected …"),
    "hidden name": ("name: mine", "name: .mine", ".mine", "name: got '.mine', expected …"),
    "name that is a number": ("name: mine", "name: 123", "123", "name: got 123, expected …"),
    "name of two lines": ("name: mine", 'name: "a\\nb"', '"a', "name: got 'a\\nb', expected …"),
    "empty name": ("name: mine", "name: ''", "''", "name: got '', expected …"),
    # sections of the wrong kind
    "data as list": (GOOD[GOOD.index("data:") : GOOD.index("estimation")], "data: [gold]\n", "[gold", "data: got ['gold'], expected …"),
    "costs as number": ("costs: {trading_bps: 10}", "costs: 10", "10\nfinancing", "costs: got 10, expected …"),
    # strategies
    "no such strategy": ("{name: erc}", "{name: ercc}", "ercc", "strategy.name: unknown strategy 'ercc'; there are: all_weather, equal_weight, erc, erc_expected_shortfall, hierarchical_risk_parity, inverse_variance, inverse_volatility, levered_erc, maximum_diversification, minimum_variance, risk_budgeting, sixty_forty, volatility_target. Did you mean erc?"),
    "strategy by path": ("{name: erc}", "{name: ../erc}", "../erc", "strategy.name: unknown strategy '../erc'; there are: …"),
    "no such module": ("{name: erc}", "{name: 'no.such:X'}", "'no.such", "strategy.name: no.such:X: No module named 'no'; expected package.module:Class that Python can import"),
    "no such class": ("{name: erc}", "{name: 'strategies.erc:X'}", "'strategies", "strategy.name: strategies.erc:X: strategies.erc has no strategy class X"),
    "a class that is no strategy": ("{name: erc}", "{name: 'pathlib:Path'}", "'pathlib", "strategy.name: pathlib:Path: pathlib has no strategy class Path"),
    "no module": ("{name: erc}", "{name: ':X'}", "':X'", "strategy.name: :X: …"),
    "a relative module": ("{name: erc}", "{name: '.erc:X'}", "'.erc", "strategy.name: .erc:X: …"),
    "the base class itself": ("{name: erc}", "{name: 'backtest.strategy:Strategy'}", "'backtest", "strategy.name: …"),
    "budgets that add up to 0.7": ("{name: erc}", "{name: erc, budgets: {gold: 0.5, us_stocks: 0.2}}", "{gold", "strategy.budgets: the budgets add up to 0.7; expected 1"),
    "budgets of others": ("{name: erc}", "{name: erc, budgets: {silver: 0.5, us_stocks: 0.5}}", "{silver", f"strategy.budgets: silver: neither a class nor an asset of this run (classes: bonds, commodities, equities; assets: {ASSETS})"),
    "budget below zero": ("{name: erc}", "{name: erc, budgets: {gold: -0.5, us_stocks: 1}}", "-0.5", "strategy.budgets.gold: got -0.5, expected greater than or equal to 0"),
    "budget that is no number": ("{name: erc}", "{name: erc, budgets: {gold: .nan}}", ".nan", "strategy.budgets.gold: got nan, expected …"),
    "weights of no class": ("{name: erc}", "{name: sixty_forty, weights: {equity: 0.6, bonds: 0.4}}", "{name: sixty", f"strategy: equity: neither a class nor an asset of this run (classes: bonds, commodities, equities; assets: {', '.join(sorted(ASSETS.split(', ')))})"),
    "weights of both kinds": ("{name: erc}", "{name: sixty_forty, weights: {equities: 0.6, gold: 0.4}}", "{name: sixty", "strategy: gold is an asset and the others are classes; expected one kind"),
    "weight without bound": ("{name: erc}", "{name: sixty_forty, weights: {equities: .inf}}", ".inf", "strategy.weights.equities: got inf, expected a finite number"),
    "target of zero": ("{name: erc}", "{name: levered_erc, target_volatility: 0}", "0}\nrebalance", "strategy.target_volatility: got 0, expected greater than 0 or 'benchmark'"),
    "target of 10 percent": ("{name: erc}", "{name: levered_erc, target_volatility: 10}", "10}\nrebalance", "strategy.target_volatility: got 10, expected a decimal of 2 or less (0.1 means 10 % a year) or 'benchmark'"),
    "weights in percent": ("{name: erc}", "{name: sixty_forty, weights: {us_stocks: 60, gold: 40}}", "{us_stocks", "strategy.weights: their sizes add up to 100, which means 100 times NAV; expected fractions of NAV. Hint: {us_stocks: 0.6, gold: 0.4}"),
    "target in percent": ("{name: erc}", "{name: levered_erc, target_volatility: 11}", "11}", "strategy.target_volatility: got 11, expected less than or equal to 10 or 'benchmark'"),
    "target in words": ("{name: erc}", "{name: levered_erc, target_volatility: bench}", "bench", "strategy.target_volatility: got 'bench', expected …"),
    "leverage without bound": ("{name: erc}", "{name: levered_erc, max_gross_exposure: .inf}", ".inf", "strategy.max_gross_exposure: got inf, expected …"),
    # benchmarks
    "no such benchmark": ("financing: {spread_bps: 50}", "benchmark: nope.yaml", "nope", "benchmark: no such file: nope.yaml; expected a configuration, relative to this one"),
    "benchmark in place": ("financing: {spread_bps: 50}", "benchmark: {name: x}", "{name: x", "benchmark: got {'name': 'x'}; expected the path of a configuration, such as 60_40.yaml"),
    "benchmark as number": ("financing: {spread_bps: 50}", "benchmark: 60", "60", "benchmark: got 60; expected the path of a configuration, such as 60_40.yaml"),
    "benchmark is a folder": ("financing: {spread_bps: 50}", "benchmark: strategies", "strategies", "benchmark: …"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "words"), ONE.values(), ids=ONE.keys())
def test_a_mistake_its_place_and_its_words(file: Path, old: str, new: str, at: str, words: str) -> None:
    text = edited(old, new)
    (found,) = mistakes(file, text)
    wanted = f"{place(text, at)}: {words}"
    if wanted.endswith("…"):
        assert found.startswith(wanted.removesuffix("…"))
        assert len(found) > len(wanted)
    else:
        assert found == wanted


# What pydantic says of types is for programmers: none of it may reach the user.
JARGON = ("Input should", "String should", "Tuple should", "valid tuple", "valid dictionary", "instance of", "<class", "Datetimes", "pattern", "None", "ScalarNode")  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: mine", "name: a/b"),
        ("name: mine", "name:"),
        (f"[{ASSETS}]", "[]"),
        (f"[{ASSETS}]", "gold"),
        ("gold,", "~,"),
        ("2012-12-31", "2012"),
        ("2012-12-31", "2012-12-31T12:00:00"),
        (GOOD[GOOD.index("data:") : GOOD.index("estimation")], "data: [gold]\n"),
        (GOOD[GOOD.index("data:") : GOOD.index("estimation")], "data:\n"),
        ("costs: {trading_bps: 10}", "costs: 10"),
        ("trading_bps: 10", "trading_bps: [10]"),
        ("36", ""),
        ("source: sample", "source: csv\n  path: 5"),
        ("financing: {spread_bps: 50}", "? {a: b}\n: c"),
    ],
    ids=[
        "name", "no name", "no asset", "text for a list", "nothing for an asset", "year", "time", "list for a section",
        "nothing for a section", "number for a section", "list for a number", "no window", "number for a path", "odd key",
    ],
)  # fmt: skip
def test_words_of_the_library_are_not_for_the_user(file: Path, old: str, new: str) -> None:
    for line in mistakes(file, edited(old, new)):
        assert not [word for word in JARGON if word in line], line


def test_nothing_for_a_strategy_is_a_mistake_like_others(file: Path) -> None:
    (line,) = mistakes(file, edited("strategy: {name: erc}", "strategy:"))
    assert ": strategy: " in line
    assert line.startswith(f"{place(GOOD, 'strategy:').split(':', maxsplit=1)[0]}:")


def test_nothing_for_a_name_is_placed_on_its_line(file: Path) -> None:
    (line,) = mistakes(file, edited("name: mine", "name:"))
    assert line.startswith("2:")


# 2. What is no mistake


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: mine", "name: 60_40"),
        ("name: mine", "name: NO"),
        ("name: mine", "name: Größe 1.2+b-c"),
        ("window: 36", "window: 3Y"),
        ("window: 36", "window: 252D"),
        ("window: 36", "window: 6M"),
        ("window: 36", "window: 036"),
        ("trading_bps: 10", "trading_bps: 1e-4"),
        ("trading_bps: 10", "trading_bps: .5"),
        ("trading_bps: 10", "trading_bps: {gold: 1, us_stocks: 2, us_treasury_10y: 3, crude_oil: 0}"),
        ("cash: us_tbill", "cash: 0.02"),
        ("cash: us_tbill", "cash: 0"),
        ("cash: us_tbill", "cash: -0.005"),
        ("  start: 1978-01-01\n", ""),
        ("  start: 1978-01-01\n", "  start:\n"),
        ("  end: 2012-12-31\n", "  end: '2012-12-31'\n"),
        ("gold,", "us_tbill,"),
        ("financing: {spread_bps: 50}\n", "benchmark:\n"),
        ("estimation: {covariance: sample, window: 36}\n", ""),
        ("strategy: {name: erc}", "strategy: {name: 'strategies.erc:ERC'}"),
        ("strategy: {name: erc}", "strategy: {name: erc, budgets: {gold: .1, us_stocks: .2, crude_oil: 0, us_treasury_10y: .7}}"),
        ("strategy: {name: erc}", "strategy: {name: sixty_forty, weights: {gold: 0.1}}"),
    ],
)  # fmt: skip
def test_what_is_no_mistake(file: Path, old: str, new: str) -> None:
    loaded(file, edited(old, new))


# 3. Several at once


@pytest.mark.parametrize(
    ("name", "near"), [("ewm", "ewma"), ("smple", "sample"), ("expandng", "expanding"), ("zzz", "")]
)
def test_an_estimator_that_is_meant_is_named(file: Path, name: str, near: str) -> None:
    (found,) = mistakes(file, edited("covariance: sample", f"covariance: {name}"))
    assert found.partition("Did you mean ")[2] == (f"{near}?" if near else "")
    for known in ("sample", "expanding", "ewma", "separate_correlations"):
        assert known in found


def test_the_name_of_an_estimator_chooses_its_class(file: Path) -> None:
    config = loaded(file, edited("sample, window: 36", "ewma, window: 5Y, half_life: 3Y"))
    assert config.estimation.model_dump() == {
        "covariance": "ewma", "window": "5Y", "missing": "complete_assets", "half_life": "3Y", "correlation_half_life": None,
    }  # fmt: skip
    assert loaded(file, edited("covariance: sample, ", "")).estimation.covariance == "sample"
    assert config.resolved()["estimation"]["covariance"] == "ewma"


def test_mistakes_of_all_sections_are_reported_together(file: Path) -> None:
    text = """\
nme: mine
data:
  source: sample
  assets: [us_stocks, golf, us_cpi]
  cash: us_bill
  start: 1978-01-01
  strt: 5
estimation: {covariance: smple, window: -36}
strategy: {name: erc, bugets: {gold: 1}}
rebalance:
  frequency: monthly
  execution_lag: -1
  frequency: weekly
costs: {trading_bps: .nan}
benchmark: nope.yaml
"""
    expected = [
        ("nme", f"nme: unknown setting; a configuration accepts: {SECTIONS}. Did you mean name?"),
        ("nme", "name: missing; it has no default"),
        ("golf", f"data.assets[1]: no series golf; there are: {SERIES}. Did you mean gold?"),
        ("us_cpi", f"data.assets[2]: us_cpi is no price series; there are: {SERIES}."),
        ("us_bill", f"data.cash: no series us_bill; there are: {SERIES}. Did you mean us_tbill?"),
        ("strt", f"data.strt: unknown setting; data accepts: {DATA}. Did you mean start?"),
        ("smple", "estimation.covariance: got 'smple', expected one of sample, …"),
        (
            "bugets",
            "strategy.bugets: unknown setting; erc accepts: budgets, min_weight, max_weight. Did you mean budgets?",
        ),
        ("-1", "rebalance.execution_lag: got -1, expected greater than or equal to 0"),
        ("frequency: weekly", "rebalance.frequency: stands twice; expected each setting once"),
        (".nan", "costs.trading_bps: got nan, expected a finite number"),
        ("nope", "benchmark: no such file: nope.yaml; expected a configuration, relative to this one"),
    ]
    found = mistakes(file, text)
    wanted = [f"{place(text, at)}: {words}" for at, words in expected]
    missing = [line for line in wanted if not any(other.startswith(line.removesuffix("…")) for other in found)]
    assert not missing, "\n".join(["not reported:", *missing, "reported:", *found])
    assert len(found) == len(wanted), found


def test_a_series_that_is_not_there_and_a_date_that_cannot_be_are_reported_together(file: Path) -> None:
    text = edited("gold,", "golf,").replace("2012-12-31", "1970-12-31")
    found = mistakes(file, text)
    assert [line.split(": ")[1] for line in found] == ["data.assets[2]", "data.end"]


def test_strategy_settings_of_other_assets_are_reported_with_the_rest(file: Path) -> None:
    text = edited("{name: erc}", "{name: erc, budgets: {silver: 1}}").replace("36", "-36")
    assert [line.split(": ")[1] for line in mistakes(file, text)] == ["estimation.window", "strategy.budgets"]


def test_a_data_file_that_is_not_there_does_not_hide_the_mistakes_of_the_configuration(file: Path) -> None:
    text = edited("source: sample", "source: csv\n  path: nope.csv").replace("window: 36", "windw: 36")
    found = mistakes(file, text)
    assert any("estimation.windw: unknown setting" in line for line in found), found


def test_mistakes_of_the_benchmark_are_told_with_its_own_file_and_place(file: Path) -> None:
    other = file.with_name("other.yaml")
    wrong = edited("name: mine", "name: other").replace("window: 36", "window: 1").replace("gold,", "golf,")
    other.write_text(wrong)
    file.write_text(edited("trading_bps: 10", "trading_bps: -1") + "benchmark: other.yaml\n")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert [line.split(": ")[:2] for line in caught.value.problems] == [
        [f"{file}:{place(file.read_text(), '-1}')}", "costs.trading_bps"],
        [f"{other}:{place(wrong, 'golf')}", "data.assets[2]"],
        [f"{other}:{place(wrong, '1}')}", "estimation.window"],
    ]


def test_a_benchmark_that_is_not_yaml_or_lacks_its_data_is_a_mistake_here(file: Path) -> None:
    other = file.with_name("other.yaml")
    other.write_text("name: [\n")
    file.write_text(GOOD + "benchmark: other.yaml\n")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert str(caught.value).startswith(f"{other}:2:1: not YAML: ")
    other.write_text(edited("source: sample", "source: csv\n  path: nope.csv"))
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert f"{other.with_name('nope.csv')}: no such file" in str(caught.value)


def test_the_benchmark_of_a_benchmark_is_ignored(file: Path) -> None:
    file.with_name("other.yaml").write_text(GOOD + "benchmark: nope.yaml\n")
    config = loaded(file, GOOD + "benchmark: other.yaml\n")
    assert config.benchmark is not None
    assert config.benchmark.benchmark is None


def test_a_configuration_may_be_its_own_benchmark(file: Path) -> None:
    config = loaded(file, GOOD + "benchmark: mine.yaml\n")
    assert config.benchmark is not None
    assert config.benchmark.name == "mine"


# 4. Strategies of one's own

IMPORTS = "import pandas as pd\nfrom backtest.strategy import MarketView, Strategy\n"
METHOD = "    def target_weights(self, view: MarketView) -> pd.Series:\n        return pd.Series(dtype=float)\n"
OWN = edited("{name: erc}", "{name: own}")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (f"{IMPORTS}class Own(Strategy:\n    '''Own.'''\n{METHOD}", "own.py:3: invalid syntax"),
        (f"{IMPORTS}class Own(Strategy):\n  x: int = 1\n    y: int = 2\n", "own.py:5: unexpected indent"),
        (IMPORTS, "own.py: expected exactly one strategy class, got none. Hint: a leading _ hides a base."),
        (
            f"{IMPORTS}class A(Strategy):\n    '''A.'''\n{METHOD}class B(Strategy):\n    '''B.'''\n{METHOD}",
            "own.py: expected exactly one strategy class, got A, B. Hint: a leading _ hides a base.",
        ),
        ("import no_such_module\n", "own.py: No module named 'no_such_module'"),
        (f"{IMPORTS}class Own(Strategy):\n    '''Own.'''\n", "target_weights"),
        (f"{IMPORTS}class Own(Strategy):\n    '''Own.'''\n    share = 0.5\n{METHOD}", "share"),
    ],
    ids=["syntax", "indent", "none", "two", "import", "no method", "setting without a type"],
)
def test_a_strategy_file_with_a_mistake_is_named(file: Path, code: str, words: str) -> None:
    (file.parent / "strategies" / "own.py").write_text(code)
    (line,) = mistakes(file, OWN)
    assert line.startswith(f"{place(OWN, 'own}')}: strategy.name: {file.parent / 'strategies' / 'own.py'}")
    assert words in line


def test_a_setting_without_default_is_missing_at_the_strategy(file: Path) -> None:
    (file.parent / "strategies" / "own.py").write_text(
        f"{IMPORTS}class Own(Strategy):\n    '''Own.'''\n    share: float\n{METHOD}"
    )
    assert mistakes(file, OWN) == [f"{place(OWN, '{name: own')}: strategy.share: missing; it has no default"]


def test_a_strategy_beside_the_configuration_is_found_and_listed(file: Path) -> None:
    good = f"{IMPORTS}class _Base(Strategy):\n    '''B.'''\nclass Own(_Base):\n    '''Own.'''\n    share: float = 0.5\n{METHOD}"
    (file.parent / "strategies" / "own.py").write_text(good)
    assert type(loaded(file, OWN).strategy.model).__name__ == "Own"
    (line,) = mistakes(file, edited("{name: erc}", "{name: onw}"))
    assert "own, risk_budgeting, sixty_forty, volatility_target. Did you mean own?" in line
