"""Every kind of mistake in a configuration: its message, line and column.

Places are computed here from the text alone: `place(text, "golf")` is the place of those letters. A table of mistakes
lists the replaced text, its replacement, the text whose place is expected, and the message after the place; a message
that ends in an ellipsis is the beginning of the line.
"""

# ruff: noqa: E501 - each message is one line
from pathlib import Path

import pytest

from backtest.data.sources.registry import file_sources, source_records
from backtest.estimation.estimation_settings import estimator_classes
from support.builders.config_mistakes import ASSETS, EACH, GOOD, HAVE, SERIES, edited, loaded, mistakes, place

SECTIONS = "extends, name, title, data, start, end, initial_capital, estimation, strategy, leverage, rebalance, costs, financing, fees, benchmark, report"
DATA = (
    "source, path, values, prices, separator, decimal, date_format, sheet, assets, cash, loan_rate, consumer_prices, classes, calendar, splice, currency, fx, opens, volumes, frequency, start, end, exclude, ragged, periods_per_year, "
    "cache, max_age, offline, timeout"
)
SHIPPED = sorted(path.stem for path in (Path(__file__).parents[2] / "strategies").glob("[!_]*.py"))
ESTIMATORS = ", ".join(estimator.model_fields["covariance"].default for estimator in estimator_classes())
SOURCES = f"{', '.join(source_records())}, or package.module:Class"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    return tmp_path / "mine.yaml"


def test_the_configuration_without_edits_is_valid(file: Path) -> None:
    config = loaded(file, GOOD)
    assert config.name == "mine"
    assert config.data.assets == ("us_stocks", "us_treasury_10y", "gold", "crude_oil")
    assert config.folder == file.parent


# 1. One mistake, its place and its words

ONE = {
    # an unknown key in every section
    "top": ("costs: {", "cost: {", "cost:", f"cost: unknown setting; a configuration accepts: {SECTIONS}. Did you mean costs?"),
    "top, nothing near": ("costs: {trading_bps: 10}", "xyz: 1", "xyz", f"xyz: unknown setting; a configuration accepts: {SECTIONS}."),
    "file": ("costs: {trading_bps: 10}", "file: x.yaml", "file", f"file: unknown setting; a configuration accepts: {SECTIONS}. Did you mean title?"),
    "data": ("  cash:", "  csh: x\n  cash:", "csh", f"data.csh: unknown setting; data accepts: {DATA}. Did you mean cash?"),
    "estimation": ("window: 36", "windw: 36", "windw", "estimation.windw: unknown setting; estimation accepts: covariance, window, missing. Did you mean window?"),
    "strategy": ("{name: erc}", "{name: erc, bugets: {gold: 1}}", "bugets", "strategy.bugets: unknown setting; erc accepts: budgets, min_weight, max_weight. Did you mean budgets?"),
    "a removed setting": ("{name: erc}", "{name: erc, formulation: least_squares}", "formulation", "strategy.formulation: unknown setting; erc accepts: budgets, min_weight, max_weight. It was removed because the log barrier always meets the bounds: delete it."),
    "strategy without settings": ("{name: erc}", "{name: equal_weight, lokback: 3}", "lokback", "strategy.lokback: unknown setting; equal_weight accepts: none."),
    "rebalance": ("execution_lag: 0", "excution_lag: 0", "excution_lag", "rebalance.excution_lag: unknown setting; rebalance accepts: frequency, day, execution_lag, execution, bands, minimum_trade. Did you mean execution_lag?"),
    "costs": ("trading_bps", "trading_bp", "trading_bp", "costs.trading_bp: unknown setting; costs accepts: trading_bps, half_spread_bps, commission_bps, schedule, fixed, impact. Did you mean trading_bps?"),
    "financing": ("spread_bps", "spread", "spread:", "financing.spread: unknown setting; financing accepts: kind, allow_negative_spread, spread_bps, tiers, cash_spread_bps, rebate_spread_bps, borrow_fee_bps, initial_margin, maintenance_margin. Did you mean spread_bps?"),
    "fees": ("financing: {spread_bps: 50}", "fees: {managment_bps: 1}", "managment_bps", "fees.managment_bps: unknown setting; fees accepts: management_bps, expense_ratio_bps, performance. Did you mean management_bps?"),
    "report": ("financing: {spread_bps: 50}", "report: {quantstat: true}", "quantstat", "report.quantstat: unknown setting; report accepts: quantstats, break_even, metrics. Did you mean quantstats?"),
    "a key with a dot": ("costs: {trading_bps: 10}", "costs.trading_bps: 10", "costs.trading_bps", "costs.trading_bps: unknown setting; …"),
    "a merge key": ("financing: {spread_bps: 50}", "fees: {<<: {management_bps: 1}}", "<<", "fees.<<: unknown setting; fees accepts: …"),
    "a title that ends with a blank": ("name: mine", 'name: mine\ntitle: "a "', '"a "', "title: got 'a '; expected 1 to 100 characters without blanks at the ends"),
    # twice
    "twice": ("financing:", "name: two\nfinancing:", "name: two", "name: appears twice; expected each setting once"),
    "twice inside": ("window: 36", "window: 36, window: 24", "window: 24", "estimation.window: appears twice; expected each setting once"),
    # missing
    "no name": ("name: mine\n", "", "data:", "name: missing; it has no default"),
    "no cash": ("  cash: us_tbill\n", "", "source", "data.cash: missing; it has no default"),
    "no assets": (f"  assets: [{ASSETS}]\n", "", "source", "data.assets: missing; it has no default"),
    "no strategy": ("strategy: {name: erc}\n", "", "name: mine", "strategy: missing; it has no default"),
    "strategy without name": ("{name: erc}", "{budgets: {gold: 1}}", "{budgets", "strategy: expected a name, such as erc, or a mapping such as {name: erc}"),
    "strategy as list": ("{name: erc}", "[erc]", "[erc", "strategy: expected a name, such as erc, or a mapping such as {name: erc}"),
    "strategy's name as list": ("{name: erc}", "{name: [erc]}", "{name: [", "strategy: expected a name, such as erc, or a mapping such as {name: erc}"),
    # series
    "no such asset": ("gold,", "golf,", "golf", f"data.assets[2]: no series golf; available: {SERIES}. Did you mean gold?"),
    "nothing near it": ("gold,", "ON,", "ON,", f"data.assets[2]: no series ON; available: {SERIES}."),
    "macro as asset": ("gold,", "us_cpi,", "us_cpi", f"data.assets[2]: us_cpi is not a price series; available: {SERIES}."),
    "asset twice": ("gold,", "gold, us_stocks,", "[us_stocks", "data.assets: named twice: us_stocks"),
    "a reserved name": ("gold,", "date,", "[us_stocks", "data.assets: date: reserved for a column of the report; rename it in the source"),
    "an asset that is a number": ("gold,", "7203,", "7203", "data.assets[2]: got 7203, expected …"),
    "no assets in the list": (f"[{ASSETS}]", "[]", "[]", "data.assets: …"),
    "assets as text": (f"[{ASSETS}]", "gold", "gold", "data.assets: got 'gold', expected …"),
    "no such cash": ("us_tbill", "us_bill", "us_bill", f"data.cash: no series us_bill; available: {SERIES}. Did you mean us_tbill?"),
    "macro as cash": ("us_tbill", "us_cpi", "us_cpi", f"data.cash: us_cpi is not a price series; available: {SERIES}."),
    "cash in percent": ("us_tbill", "5", "5\n  start", "data.cash: a rate of 5 a year; expected a decimal such as 0.02 for 2 %"),
    "cash of 100 %": ("us_tbill", "1.0", "1.0", "data.cash: a rate of 1 a year; expected a decimal such as 0.02 for 2 %"),
    "cash that is not a number": ("us_tbill", ".nan", ".nan", "data.cash: a rate of nan a year; expected a decimal such as 0.02 for 2 %"),
    "cash without bound": ("us_tbill", ".inf", ".inf", "data.cash: a rate of inf a year; expected a decimal such as 0.02 for 2 %"),
    "cash as list": ("us_tbill", "[us_tbill]", "[us_tbill", "data.cash: got ['us_tbill'], expected …"),
    "class of no asset": ("  start", "  classes: {silver: metal}\n  start", "metal", "data.classes.silver: is not among data.assets"),
    # sources
    "no such source": ("source: sample", "source: smple", "smple", f"data.source: got 'smple', expected one of {SOURCES}. Did you mean sample?"),
    "path with a sample": ("source: sample", "source: sample\n  path: x.csv", "x.csv", f"data.path: source sample is bundled and takes no path; for a file use source: {file_sources()}"),
    "csv without path": ("source: sample", "source: csv", "source", "data: source csv needs a path to its file"),
    "parquet without path": ("source: sample", "source: parquet", "source", "data: source parquet needs a path to its file"),
    "no such source of one's own": ("source: sample", "source: no.such:Source", "no.such", "data.source: no.such:Source: …"),
    "a class that is not a source": ("source: sample", "source: pathlib:Path", "pathlib", "data.source: pathlib:Path: not a source; expected a class that extends backtest.data.sources.source.Source, with fetch"),
    "path with a live source": ("source: sample", "source: yfinance\n  path: x.csv", "x.csv", f"data.path: source yfinance is not a file and takes no path; for a file use source: {file_sources()}"),
    "returns of a live source": ("source: sample", "source: fred\n  values: returns", "returns", f"data.values: source fred states what it holds; returns can only come from source: {file_sources()}"),
    "no such setting of an asset": (f"[{ASSETS}]", "{us_stocks: {clas: equities}}", "clas", "data.assets.us_stocks.clas: unknown setting; data.assets.us_stocks accepts: source, symbol, path, values, prices, separator, decimal, date_format, sheet, rate, currency, as, maturity, class, spot, lot. Did you mean class?"),
    "no such source of an asset": (f"[{ASSETS}]", "{us_stocks: {source: fread}}", "fread", f"data.assets.us_stocks.source: got 'fread', expected one of {SOURCES}. Did you mean fred?"),
    "an asset of csv without path": (f"[{ASSETS}]", "{a: {source: csv}}", "{a", "data.assets: a: source csv needs a path to its file"),
    "no such asset in a mapping": (f"[{ASSETS}]", "{golf: metals}", "metals", f"data.assets.golf: no series golf; available: {SERIES}. Did you mean gold?"),
    "no such symbol of an asset": (f"[{ASSETS}]", "{mine: {symbol: golf}}", "{symbol", f"data.assets.mine: no series golf; available: {SERIES}. Did you mean gold?"),
    "cash without symbol": ("us_tbill", "{source: fred}", "{source", "data.cash: got {'source': 'fred'}, expected the symbol too, such as {source: fred, symbol: DTB3}"),
    "no such way to quote": ("us_tbill", "{source: fred, symbol: X, rate: {quoted: discnt}}", "discnt", "data.cash.rate.quoted: got 'discnt', expected …"),
    "no such calendar": ("  start", "  calendar: both\n  start", "both", "data.calendar: got 'both', expected 'intersection' or 'union'"),
    "splice of no asset": ("  start", "  splice: {silver: gold}\n  start", "{silver", "data.splice: silver: not among data.assets; expected an asset and the series that extends it"),
    "splice to itself": ("  start", "  splice: {gold: gold}\n  start", "{gold", "data.splice: gold: spliced to itself; expected another series"),
    "splice to no series": ("  start", "  splice: {gold: golf}\n  start", "golf}", f"data.splice.gold: no series golf; available: {SERIES}. Did you mean gold?"),
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
    "negative window": ("36", "-36", "-36", "estimation.window: a window of -36; expected two periods or more, because a variance needs two returns"),
    "window of 0": ("36", "0", "0}\nstrategy", "estimation.window: a window of 0; expected two periods or more, because a variance needs two returns"),
    "window of 1": ("36", "1", "1}\nstrategy", "estimation.window: a window of 1; expected two periods or more, because a variance needs two returns"),
    "window of one row": ("36", "1D", "1D", "estimation.window: a window of 1D; expected two periods or more, because a variance needs two returns"),
    "3X": ("36", "3X", "3X", "estimation.window: '3X' is not a window; expected a number of periods such as 36, years '3Y', months '3M', or rows '252D'"),
    "window in quotes": ("36", "'36'", "'36'", "estimation.window: '36' is not a window; expected a number of periods such as 36, years '3Y', months '3M', or rows '252D'"),
    "half a window": ("36", "2.5", "2.5", "estimation.window: got 2.5, expected …"),
    "window as yes": ("36", "true", "true", "estimation.window: got true, expected …"),
    "a setting of an estimator's own": ("sample, window: 36", "ewma, half_lif: 3", "half_lif", "estimation.half_lif: unknown setting; estimation accepts: covariance, window, missing, half_life, correlation_half_life. Did you mean half_life?"),
    "a setting of another estimator": ("window: 36", "half_life: 3", "half_life", "estimation.half_life: unknown setting; estimation accepts: covariance, window, missing. half_life belongs to covariance: ewma."),
    "no estimator named": ("covariance: sample, window", "windo", "windo:", "estimation.windo: unknown setting; estimation accepts: covariance, window, missing. Did you mean window?"),
    "half-life": ("sample, window: 36", "ewma, half_life: 1W", "1W", "estimation.half_life: '1W' is not a half-life; expected a number of periods such as 11, years '1Y', months '3M', or rows '63D'"),
    "refit": ("sample, window: 36", "ccc, refit: often", "often", "estimation.refit: 'often' is not a window; expected a number of periods such as 36, years '3Y', months '3M', or rows '252D'"),
    "missing": ("window: 36", "missing: complete", "complete}", "estimation.missing: got 'complete', expected 'complete_assets' or 'complete_rows'. Did you mean complete_rows?"),
    "near an estimator": ("covariance: sample", "covariance: ewm", "ewm", f"estimation.covariance: unknown estimator 'ewm'; there are: {ESTIMATORS}. Did you mean ewma?"),
    "estimators in a list": ("covariance: sample", "covariance: [sample]", "[sample", f"estimation.covariance: got ['sample'], expected one of {ESTIMATORS}. Did you mean sample?"),
    "covariance without a name": ("covariance: sample", "covariance: ~", "~", f"estimation.covariance: got nothing, expected one of {ESTIMATORS}"),
    "estimation in a word": ("{covariance: sample, window: 36}", "sample", "sample\nstrategy", "estimation: got 'sample', expected settings with values, such as {covariance: sample}"),
    "covariance": ("covariance: sample", "covariance: shrunk", "shrunk", f"estimation.covariance: unknown estimator 'shrunk'; there are: {ESTIMATORS}."),
    "frequency": ("frequency: monthly", "frequency: month", "month,", "rebalance.frequency: got 'month', expected 'daily', 'weekly', 'monthly', 'quarterly', 'yearly', 'never' or 'given'. Did you mean monthly?"),
    "day 0": ("frequency: monthly", "frequency: monthly, day: 0", "0, exec", "rebalance.day: got 0, expected first, last, 1 to 31, or -31 to -1, with frequency monthly"),
    "eighth day of a week": ("frequency: monthly", "frequency: weekly, day: -8", "-8", "rebalance.day: got -8, expected first, last, 1 to 7, or -7 to -1, with frequency weekly"),
    "day of a day": ("frequency: monthly", "frequency: daily, day: first", "first", "rebalance.day: no day can be chosen with frequency daily. Hint: remove it"),
    "an impossible day": ("frequency: monthly", "day: frist", "frist", "rebalance.day: got 'frist', expected 'first' or 'last'. Did you mean first?"),
    "half a day": ("frequency: monthly", "day: 1.5", "1.5", "rebalance.day: got 1.5, expected …"),
    "negative lag": ("execution_lag: 0", "execution_lag: -1", "-1}", "rebalance.execution_lag: got -1, expected greater than or equal to 0"),
    "half a lag": ("execution_lag: 0", "execution_lag: 0.5", "0.5", "rebalance.execution_lag: got 0.5, expected …"),
    "periods": ("  start", "  periods_per_year: 0\n  start", "0\n  start", "data.periods_per_year: got 0, expected greater than or equal to 1"),
    "negative cost": ("trading_bps: 10", "trading_bps: -1", "-1}", "costs.trading_bps: got -1, expected greater than or equal to 0"),
    "cost above all": ("trading_bps: 10", "trading_bps: 10000", "10000", "costs.trading_bps: got 10000, expected less than 10000"),
    "cost that is not a number": ("trading_bps: 10", "trading_bps: .nan", ".nan", "costs.trading_bps: got nan, expected a finite number"),
    "cost without bound": ("trading_bps: 10", "trading_bps: .inf", ".inf", "costs.trading_bps: got inf, expected a finite number"),
    "cost as text": ("trading_bps: 10", "trading_bps: ten", "ten", "costs.trading_bps: got 'ten', expected a valid number…"),
    "cost as list": ("trading_bps: 10", "trading_bps: [10]", "[10]", "costs.trading_bps: got [10], expected a valid number…"),
    "cost as yes": ("trading_bps: 10", "trading_bps: true", "true", "costs.trading_bps: got true, expected …"),
    "cost in quotes": ("trading_bps: 10", "trading_bps: '10'", "'10'", "costs.trading_bps: got '10', expected …"),
    "spread that is not a number": ("spread_bps: 50", "spread_bps: .nan", ".nan", "financing.spread_bps: got nan, expected a finite number"),
    "ragged": ("  start", "  ragged: maybe\n  start", "maybe", "data.ragged: got 'maybe', expected …"),
    # one for each asset
    "costs of some assets": ("trading_bps: 10", "trading_bps: {gold: 1, us_stocks: 2}", "{gold", f"costs.trading_bps: no value for us_treasury_10y, crude_oil; {EACH}"),
    "costs of another": ("trading_bps: 10", "trading_bps: {gold: 1, us_stocks: 2, us_treasury_10y: 1, crude_oil: 1, tin: 1}", "tin", f"costs.trading_bps.tin: neither an asset nor a class of this run ({HAVE})."),
    "a negative one among costs": ("trading_bps: 10", "trading_bps: {gold: -7, us_stocks: 2, us_treasury_10y: 1, crude_oil: 1}", "-7", "costs.trading_bps.gold: got -7, expected greater than or equal to 0"),
    "expenses of some": ("financing: {spread_bps: 50}", "fees: {expense_ratio_bps: {gold: 1}}", "{gold", f"fees.expense_ratio_bps: no value for us_stocks, us_treasury_10y, crude_oil; {EACH}"),
    # names
    "name with a slash": ("name: mine", "name: a/b", "a/b", "name: got 'a/b', expected …"),
    "name with a backslash": ("name: mine", "name: a\\b", "a\\b", "name: got 'a\\\\b', expected …"),
    "name above": ("name: mine", "name: ..", "..\n", "name: got '..', expected …"),
    "hidden name": ("name: mine", "name: .mine", ".mine", "name: got '.mine', expected …"),
    "name that is a number": ("name: mine", "name: 123", "123", "name: got 123, expected …"),
    "name of two lines": ("name: mine", 'name: "a\\nb"', '"a', "name: a text with the character U+000A; expected one line that can be printed"),
    "empty name": ("name: mine", "name: ''", "''", "name: got '', expected …"),
    # sections of the wrong kind
    "data as list": (GOOD[GOOD.index("data:") : GOOD.index("estimation")], "data: [gold]\n", "[gold", "data: got ['gold'], expected …"),
    "costs as number": ("costs: {trading_bps: 10}", "costs: 10", "10\nfinancing", "costs: got 10, expected …"),
    # strategies
    "no such strategy": ("{name: erc}", "{name: ercc}", "ercc", f"strategy.name: unknown strategy 'ercc'; there are: {', '.join(SHIPPED)}. Did you mean erc?"),
    "strategy by path": ("{name: erc}", "{name: ../erc}", "../erc", "strategy.name: unknown strategy '../erc'; there are: …"),
    "no such module": ("{name: erc}", "{name: 'no.such:X'}", "'no.such", "strategy.name: no.such:X: No module named 'no'; expected package.module:Class that Python can import"),
    "no such class": ("{name: erc}", "{name: 'backtest.strategies.erc:X'}", "'backtest.strategies", "strategy.name: backtest.strategies.erc:X: backtest.strategies.erc has no class X"),
    "a class that is not a strategy": ("{name: erc}", "{name: 'pathlib:Path'}", "'pathlib", "strategy.name: pathlib:Path: not a strategy; expected a class that extends backtest.strategy.base.Strategy, with target_weights"),
    "no module": ("{name: erc}", "{name: ':X'}", "':X'", "strategy.name: :X: …"),
    "a relative module": ("{name: erc}", "{name: '.erc:X'}", "'.erc", "strategy.name: .erc:X: …"),
    "the base class itself": ("{name: erc}", "{name: 'backtest.strategy:Strategy'}", "'backtest", "strategy.name: …"),
    "budgets that add up to 0.7": ("{name: erc}", "{name: erc, budgets: {gold: 0.5, us_stocks: 0.2}}", "{gold", "strategy.budgets: the budgets add up to 0.7; expected 1"),
    "budgets of others": ("{name: erc}", "{name: erc, budgets: {silver: 0.5, us_stocks: 0.5}}", "{silver", f"strategy.budgets: silver: neither a class nor an asset of this run (classes: bonds, commodities, equities; assets: {ASSETS})"),
    "budget below zero": ("{name: erc}", "{name: erc, budgets: {gold: -0.5, us_stocks: 1}}", "-0.5", "strategy.budgets.gold: got -0.5, expected greater than or equal to 0"),
    "budget that is not a number": ("{name: erc}", "{name: erc, budgets: {gold: .nan}}", ".nan", "strategy.budgets.gold: got nan, expected …"),
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
    "no such benchmark": ("financing: {spread_bps: 50}", "benchmark: nope.yaml", "nope", "benchmark: no such file: nope.yaml; expected a configuration such as 60_40.yaml, a strategy, a series, or weights such as {gold: 1}"),
    "benchmark in place": ("financing: {spread_bps: 50}", "benchmark: {name: x}", "{name: x", "benchmark: got {'name': 'x'}; expected a configuration such as 60_40.yaml, a strategy, a series, or weights such as {gold: 1}"),
    "benchmark as number": ("financing: {spread_bps: 50}", "benchmark: 60", "60", "benchmark: got 60; expected a configuration such as 60_40.yaml, a strategy, a series, or weights such as {gold: 1}"),
    "benchmark is a folder": ("financing: {spread_bps: 50}", "benchmark: strategies", "strategies", "benchmark: …"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "words"), ONE.values(), ids=ONE.keys())
def test_a_mistake_is_reported_with_its_place(file: Path, old: str, new: str, at: str, words: str) -> None:
    text = edited(old, new)
    (found,) = mistakes(file, text)
    expected = f"{place(text, at)}: {words}"
    if expected.endswith("…"):
        assert found.startswith(expected.removesuffix("…"))
        assert len(found) > len(expected)
    else:
        assert found == expected


# Pydantic's messages about types are for programmers and must not reach the user.
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
def test_messages_have_no_jargon_of_the_library(file: Path, old: str, new: str) -> None:
    for line in mistakes(file, edited(old, new)):
        assert not [word for word in JARGON if word in line], line


def test_an_empty_strategy_is_a_mistake(file: Path) -> None:
    (line,) = mistakes(file, edited("strategy: {name: erc}", "strategy:"))
    assert ": strategy: " in line
    assert line.startswith(f"{place(GOOD, 'strategy:').split(':', maxsplit=1)[0]}:")


def test_an_empty_name_is_placed_on_its_line(file: Path) -> None:
    (line,) = mistakes(file, edited("name: mine", "name:"))
    assert line.startswith("2:")


# 2. Settings without a mistake


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
        ("strategy: {name: erc}", "strategy: {name: 'backtest.strategies.erc:ERC'}"),
        ("strategy: {name: erc}", "strategy: {name: erc, budgets: {gold: .1, us_stocks: .2, crude_oil: 0, us_treasury_10y: .7}}"),
        ("strategy: {name: erc}", "strategy: {name: sixty_forty, weights: {gold: 0.1}}"),
    ],
)  # fmt: skip
def test_valid_settings_are_accepted(file: Path, old: str, new: str) -> None:
    loaded(file, edited(old, new))
