"""Metrics of users: found by name, checked, and shown wherever metrics are shown."""

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backtest as bt
from backtest.analysis.metrics.records.run_numbers import RunNumbers
from backtest.config import load_config
from backtest.errors import ConfigError, MetricError
from backtest.reporting.files.report_files import manifest_of_result
from backtest.reporting.pages.headline import headline_rows
from backtest.reporting.pages.tearsheet import render_tearsheet
from support.builders.synthetic_result import synthetic_result
from support.pages.read_page import Page

ULCER = '''
import backtest as bt


class Ulcer(bt.Metric):
    """Root mean square of the drawdowns.

    Martin, McCann (1989).
    """

    label, form, better = "Ulcer index", "percent", "lower"

    def value(self, result):
        return ((1 - result.nav / result.nav.cummax()) ** 2).mean() ** 0.5
'''
CONFIG = """
name: own
data: {source: sample, assets: [us_stocks, gold], cash: us_tbill, start: 2005-01-01}
strategy: equal_weight
benchmark: us_stocks
report: {metrics: [ulcer]}
"""


class PeriodsWon(bt.Metric):
    """Number of periods with a higher return than the benchmark."""

    form, group, better = "count", "Against the benchmark", "higher"

    def value(self, result: bt.BacktestResult) -> float:
        """Count the returns above the benchmark's."""
        assert result.benchmark is not None
        return (result.returns > result.benchmark.returns).sum()


def value_of(answer: Callable[[], Any]) -> float:
    """Return the checked value of a metric with this answer."""

    class Own(bt.Metric):
        """Own."""

        def value(self, result: bt.BacktestResult) -> float:  # noqa: ARG002
            found: float = answer()
            return found

    return Own("own").record.value(RunNumbers(synthetic_result()))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a metric in a file."""
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "ulcer.py").write_text(ULCER, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path / "own.yaml"


def ulcer(result: bt.BacktestResult) -> float:
    return float(((1 - result.nav / result.nav.cummax()) ** 2).mean() ** 0.5)


def test_a_metric_in_a_file_is_in_the_summary_on_the_page_and_in_the_terminal(config: Path) -> None:
    result = bt.run(config, {"report.metrics": ["ulcer", PeriodsWon]})
    assert result.benchmark is not None
    summary, text = result.summary(), f"{100 * ulcer(result):.1f}%"
    assert (summary["ulcer"], summary["benchmark"]["ulcer"]) == (ulcer(result), ulcer(result.benchmark))
    assert summary["benchmark"]["PeriodsWon"] == (result.returns > result.benchmark.returns).sum()
    assert "PeriodsWon" not in summary
    assert result.headline() == {key: summary[key] for key in result.headline()}
    assert list(result.headline())[-1] == "ulcer"
    page = Page(render_tearsheet(result, {}))
    assert page.table("Risk")[-1] == ["Ulcer index", text, f"{100 * ulcer(result.benchmark):.1f}%"]
    assert page.table("Against the benchmark")[-1][0] == "PeriodsWon"
    assert "Root mean square of the drawdowns." in page.text
    assert "McCann" not in page.text
    label, own, other = headline_rows(summary, result.own_metrics)[-1]
    assert (label, own) == ("Ulcer index", f"{100 * ulcer(result):.2f} %")
    assert other == f"{100 * ulcer(result.benchmark):.2f} %"


def test_the_file_is_recorded_and_the_settings_find_it_again(config: Path) -> None:
    result, file = bt.run(config), str(config.parent / "metrics" / "ulcer.py")
    manifest = manifest_of_result(result, {}, {})
    assert list(manifest["own_code"]) == [file]
    assert len(manifest["own_code"][file]) == 64
    assert manifest["config"]["report"]["metrics"] == ["ulcer"]
    assert f"own code: {file}, SHA-256" in Page(render_tearsheet(result, {})).text
    loaded = load_config(config)
    assert bt.RunConfig.model_validate({**loaded.resolved(), "file": config}).report == loaded.report
    sent_config, sent_result = pickle.loads(pickle.dumps((loaded, result)))  # noqa: S301 - the bytes written here
    assert sent_config.report == loaded.report
    assert sent_result.summary()["ulcer"] == ulcer(result)


def test_a_comparison_marks_the_best_of_runs_that_have_the_metric(config: Path) -> None:
    comparison = bt.compare(
        [bt.run(config), bt.run(config, {"strategy": "erc"}), bt.run(config, {"report.metrics": []})]
    )
    values = {name: comparison.summaries[name].get("ulcer", math.nan) for name in comparison.names}
    assert comparison.best["ulcer"] == (min(comparison.names[:2], key=lambda name: values[name]),)
    assert [math.isnan(value) for value in values.values()] == [False, False, True]
    assert comparison.summary()["metrics"]["ulcer"]["better"] == "lower"
    assert comparison.table().loc["ulcer", "better"] == "lower"


def test_names_are_searched_from_the_file_that_has_them(config: Path) -> None:
    (config.parent / "deeper").mkdir()
    extending = config.parent / "deeper" / "more.yaml"
    extending.write_text("extends: ../own.yaml\nname: more\n", encoding="utf-8")
    assert [metric.key for metric in load_config(extending).report.metrics] == ["ulcer"]


MISTAKES = {
    "[ulcr]": "own.yaml:6:20: report.metrics[0]: unknown metric 'ulcr'; there are: ulcer. Did you mean ulcer?",
    "[ulcer, sharpe]": "own.yaml:6:27: report.metrics[1]: every report has sharpe already; expected metrics",
    "[ulcer, ulcer]": "own.yaml:6:19: report.metrics: ulcer is listed twice; expected each metric once",
    "ulcer": "own.yaml:6:19: report.metrics: got 'ulcer', expected a list such as",
    "[7]": "own.yaml:6:20: report.metrics[0]: got 7; expected the name of a file in metrics/, or package.module:Class",
    "['math:pi']": "own.yaml:6:20: report.metrics[0]: math:pi: not a metric; expected a class that extends "
    "backtest.analysis.own_metric.Metric, with value",
}


@pytest.mark.parametrize("names", MISTAKES)
def test_mistakes_in_the_list_are_reported_at_their_place(config: Path, names: str) -> None:
    config.write_text(CONFIG.replace("[ulcer]", names), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(config)
    assert MISTAKES[names] in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"percent"', '"pct"', "ulcer: form is 'pct'; expected one of percent, percent2, ratio, multiple, count"),
        ('"lower"', '"down"', "ulcer: better is 'down'; expected one of higher, lower, nearest 1, None"),
        ("    label", '    group = "Other"\n    label', "ulcer: group is 'Other'; expected one of Return, Risk, "),
        ('    """Root mean square of the drawdowns.\n\n    Martin, McCann (1989).\n    """\n', "",
         "ulcer: Ulcer has no docstring; expected the definition that pages show"),
        ("def value", "def values", "ulcer.py: Ulcer has no value; expected that method"),
        ("class Ulcer", "class _Ulcer", "ulcer.py: expected exactly one metric class, got none"),
        ("import backtest as bt", "import backtests as bt", "No module named 'backtests'"),
    ],
)  # fmt: skip
def test_mistakes_in_the_file_are_reported(config: Path, old: str, new: str, message: str) -> None:
    file = config.parent / "metrics" / "ulcer.py"
    assert old in ULCER
    file.write_text(ULCER.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(config)
    assert message in str(caught.value)
    assert "own.yaml:6:20: report.metrics[0]: " in str(caught.value)


def test_a_file_cannot_take_the_name_of_a_metric_of_the_package(config: Path) -> None:
    (config.parent / "metrics" / "sharpe.py").write_text(ULCER, encoding="utf-8")
    config.write_text(CONFIG.replace("[ulcer]", "[sharpe]"), encoding="utf-8")
    with pytest.raises(ConfigError, match="sharpe: every report has sharpe already; expected another name"):
        load_config(config)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda: None, "^own: value returned nothing; expected a number, NaN if it is not defined$"),
        (lambda: "0.5", "^own: value returned a str; expected a number"),
        (lambda: True, "^own: value returned a bool; expected a number"),
        (lambda: math.inf, "^own: value returned inf; expected NaN if it is not defined$"),
        (lambda: dict[str, float]()["gold"], r"test_own_metric\.py:\d+: own: KeyError: 'gold'$"),
    ],
)
def test_wrong_values_are_errors(answer: Callable[[], Any], message: str) -> None:
    with pytest.raises(MetricError, match=message):
        value_of(answer)


def test_any_real_number_is_a_value_and_nan_is_undefined() -> None:
    assert [value_of(lambda: 2), value_of(lambda: np.float32(0.5))] == [2.0, 0.5]
    assert math.isnan(value_of(lambda: math.nan))
