# ruff: noqa: E501 - each message is one line
"""Mistakes of several sections, of the benchmark, and of strategy files."""

from pathlib import Path

import pytest

from backtest.config import load_config
from backtest.errors import ConfigError
from support.builders.config_mistakes import GOOD, SERIES, edited, loaded, mistakes, place

SECTIONS = "extends, name, title, data, start, end, initial_capital, estimation, strategy, leverage, rebalance, costs, financing, fees, benchmark, report"
DATA = (
    "source, path, values, prices, separator, decimal, date_format, sheet, assets, cash, loan_rate, consumer_prices, classes, calendar, splice, currency, fx, opens, volumes, frequency, start, end, exclude, ragged, periods_per_year, "
    "cache, max_age, offline, timeout"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    return tmp_path / "mine.yaml"


# 1. Several sections, and the benchmark


@pytest.mark.parametrize(
    ("name", "near"), [("ewm", "ewma"), ("smple", "sample"), ("expandng", "expanding"), ("zzz", "")]
)
def test_a_misspelt_estimator_gets_a_suggestion(file: Path, name: str, near: str) -> None:
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
        ("golf", f"data.assets[1]: no series golf; available: {SERIES}. Did you mean gold?"),
        ("us_cpi", f"data.assets[2]: us_cpi is not a price series; available: {SERIES}."),
        ("us_bill", f"data.cash: no series us_bill; available: {SERIES}. Did you mean us_tbill?"),
        ("strt", f"data.strt: unknown setting; data accepts: {DATA}. Did you mean start?"),
        ("smple", "estimation.covariance: unknown estimator 'smple'; there are: ccc, …"),
        (
            "bugets",
            "strategy.bugets: unknown setting; erc accepts: budgets, min_weight, max_weight. Did you mean budgets?",
        ),
        ("-1", "rebalance.execution_lag: got -1, expected greater than or equal to 0"),
        ("frequency: weekly", "rebalance.frequency: appears twice; expected each setting once"),
        (".nan", "costs.trading_bps: got nan, expected a finite number"),
        (
            "nope",
            "benchmark: no such file: nope.yaml; expected a configuration such as 60_40.yaml, a strategy, a series, or weights such as {gold: 1}",
        ),
    ]
    found = mistakes(file, text)
    wanted = [f"{place(text, at)}: {words}" for at, words in expected]
    missing = [line for line in wanted if not any(other.startswith(line.removesuffix("…")) for other in found)]
    assert not missing, "\n".join(["not reported:", *missing, "reported:", *found])
    assert len(found) == len(wanted), found


def test_an_unknown_series_and_an_impossible_date_are_reported_together(file: Path) -> None:
    text = edited("gold,", "golf,").replace("2012-12-31", "1970-12-31")
    found = mistakes(file, text)
    assert [line.split(": ")[1] for line in found] == ["data.assets[2]", "data.end"]


def test_strategy_settings_of_other_assets_are_reported_with_the_rest(file: Path) -> None:
    text = edited("{name: erc}", "{name: erc, budgets: {silver: 1}}").replace("36", "-36")
    assert [line.split(": ")[1] for line in mistakes(file, text)] == ["estimation.window", "strategy.budgets"]


def test_a_missing_data_file_does_not_hide_mistakes_of_the_configuration(file: Path) -> None:
    text = edited("source: sample", "source: csv\n  path: nope.csv").replace("window: 36", "windw: 36")
    found = mistakes(file, text)
    assert any("estimation.windw: unknown setting" in line for line in found), found


def test_mistakes_of_the_benchmark_are_reported_with_its_file_and_place(file: Path) -> None:
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


def test_a_benchmark_that_is_not_yaml_or_lacks_its_data_is_reported(file: Path) -> None:
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


# 2. Strategy files

IMPORTS = "import pandas as pd\nfrom backtest.strategy import MarketView, Strategy\n"
METHOD = "    def target_weights(self, view: MarketView) -> pd.Series:\n        return pd.Series(dtype=float)\n"
OWN = edited("{name: erc}", "{name: own}")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (f"{IMPORTS}class Own(Strategy:\n    '''Own.'''\n{METHOD}", "own.py:3: invalid syntax"),
        (f"{IMPORTS}class Own(Strategy):\n  x: int = 1\n    y: int = 2\n", "own.py:5: unexpected indent"),
        (
            IMPORTS,
            "own.py: expected exactly one strategy class, got none. Hint: a class whose name begins with _ is not counted.",
        ),
        (
            f"{IMPORTS}class A(Strategy):\n    '''A.'''\n{METHOD}class B(Strategy):\n    '''B.'''\n{METHOD}",
            "own.py: expected exactly one strategy class, got A, B. Hint: a class whose name begins with _ is not counted.",
        ),
        ("import no_such_module\n", "own.py:1: No module named 'no_such_module'"),
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


def test_a_missing_setting_without_default_is_placed_at_the_strategy(file: Path) -> None:
    (file.parent / "strategies" / "own.py").write_text(
        f"{IMPORTS}class Own(Strategy):\n    '''Own.'''\n    share: float\n{METHOD}"
    )
    assert mistakes(file, OWN) == [f"{place(OWN, '{name: own')}: strategy.share: missing; it has no default"]


def test_a_strategy_in_the_folder_of_the_configuration_is_found_and_listed(file: Path) -> None:
    good = f"{IMPORTS}class _Base(Strategy):\n    '''B.'''\nclass Own(_Base):\n    '''Own.'''\n    share: float = 0.5\n{METHOD}"
    (file.parent / "strategies" / "own.py").write_text(good)
    assert type(loaded(file, OWN).strategy.model).__name__ == "Own"
    (line,) = mistakes(file, edited("{name: erc}", "{name: onw}"))
    assert "own, risk_budgeting, sixty_forty, volatility_target. Did you mean own?" in line
