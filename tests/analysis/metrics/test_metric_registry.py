"""The registry of metrics is complete and consistent: each record has what pages, tables and comparisons need."""

from dataclasses import fields

import pytest

from backtest.analysis.metrics.metric_registry import BETTER, METRICS, SUMMARY, groups_of, shown_in
from backtest.analysis.metrics.records.metric_record import MetricRecord, Place
from backtest.analysis.metrics.records.run_numbers import RunNumbers
from backtest.reporting.format import FILTERS, TERMINAL
from support.builders.synthetic_result import synthetic_result

PAGES: tuple[Place, ...] = ("tearsheet", "comparison")


def test_keys_are_unique() -> None:
    keys = [entry.key for entry in (*SUMMARY, *(metric for metric in METRICS if metric.needs_benchmark))]
    assert len(keys) == len(set(keys))


def test_a_record_without_a_direction_is_refused() -> None:
    given = {"key": "new", "label": "New", "meaning": "New.", "form": "ratio", "group": "Risk", "value": lambda _: 0.0}
    with pytest.raises(TypeError, match="better"):
        MetricRecord(**given)  # type: ignore[arg-type]
    assert MetricRecord(**given, better=None).better is None  # type: ignore[arg-type]


def test_every_single_number_of_a_summary_is_a_metric() -> None:
    """The exceptions are numbers that all strategies of a comparison share."""
    keys = {metric.key for metric in METRICS}
    for result in (synthetic_result(), synthetic_result(3)):
        summary = result.summary()
        for side in (summary, summary["benchmark"]):
            numbers = {key for key, value in side.items() if isinstance(value, int | float)}
            assert numbers - {"periods", "periods_per_year"} <= keys


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.key)
def test_every_metric_is_shown_and_formatted(metric: MetricRecord) -> None:
    assert set(PAGES) & metric.shown
    assert FILTERS[metric.form](0.5)
    assert TERMINAL[metric.form](0.5)
    assert metric.label
    assert metric.meaning.endswith(".")


@pytest.mark.parametrize("place", PAGES)
def test_a_page_lists_each_metric_once_under_a_unique_label(place: Place) -> None:
    listed = [metric for group in groups_of(place).values() for metric in group]
    assert sorted(metric.key for metric in listed) == sorted(metric.key for metric in shown_in(place))
    assert len({metric.label for metric in listed}) == len(listed)


def test_only_metrics_of_comparisons_have_a_direction() -> None:
    assert set(BETTER) <= {metric.key for metric in shown_in("comparison")}


def test_every_field_of_a_record_is_documented() -> None:
    assert all(f"        {field.name}: " in (MetricRecord.__doc__ or "") for field in fields(MetricRecord))


def test_numbers_against_a_benchmark_need_one() -> None:
    alone = RunNumbers(synthetic_result(benchmark=False))
    with pytest.raises(ValueError, match="synthetic: a metric against the benchmark, but the run has no benchmark"):
        _ = alone.against


def test_numbers_of_one_period_name_their_frequency() -> None:
    """They are properties of the returns of a period and are not annualised, so monthly and daily values differ."""
    keys = {metric.key for metric in METRICS if metric.of_one_period}
    assert keys == {"autocorrelation", "skew", "excess_kurtosis", "var_95", "cvar_95"}
