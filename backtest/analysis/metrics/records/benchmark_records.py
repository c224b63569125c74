"""Metrics of a run against its benchmark, over the same dates."""

from backtest.analysis.metrics import performance
from backtest.analysis.metrics.records.metric_record import MetricRecord, Place
from backtest.analysis.metrics.records.run_numbers import RunNumbers

_TEARSHEET: frozenset[Place] = frozenset({"tearsheet"})  # the results of a comparison have no benchmarks


def _alpha(run: RunNumbers) -> float:
    return run.regression[1] if run.whole_year else float("nan")


def _information_ratio(run: RunNumbers) -> float:
    error = run.tracking_error
    return run.periods_per_year * float(run.active.mean()) / error if error > 0 else float("nan")


AGAINST_BENCHMARK: tuple[MetricRecord, ...] = (
    MetricRecord(
        key="beta",
        label="Beta",
        meaning="Slope of returns above cash on the benchmark's returns above cash.",
        form="ratio",
        group="Against the benchmark",
        better=None,
        value=lambda run: run.regression[0],
        shown=_TEARSHEET,
    ),
    MetricRecord(
        key="alpha",
        label="Alpha a year",
        meaning="Jensen's alpha: mean return above cash, less beta times the benchmark's mean return above cash.",
        form="percent",
        group="Against the benchmark",
        better=None,
        value=_alpha,
        shown=_TEARSHEET,
    ),
    MetricRecord(
        key="tracking_error",
        label="Tracking error",
        meaning="Annualised standard deviation of returns less the benchmark's returns.",
        form="percent",
        group="Against the benchmark",
        better=None,
        value=lambda run: run.tracking_error,
        shown=_TEARSHEET,
    ),
    MetricRecord(
        key="information_ratio",
        label="Information ratio",
        meaning="Annualised mean return less the benchmark's, over the tracking error.",
        form="ratio",
        group="Against the benchmark",
        better=None,
        value=_information_ratio,
        shown=_TEARSHEET,
    ),
    MetricRecord(
        key="up_capture",
        label="Up capture",
        meaning="Mean return over the benchmark's mean return, in periods in which the benchmark rose.",
        form="percent",
        group="Against the benchmark",
        better=None,
        value=lambda run: performance.capture(run.returns, run.against.returns, up=True),
        shown=_TEARSHEET,
    ),
    MetricRecord(
        key="down_capture",
        label="Down capture",
        meaning="Mean return over the benchmark's mean return, in periods in which the benchmark fell.",
        form="percent",
        group="Against the benchmark",
        better=None,
        value=lambda run: performance.capture(run.returns, run.against.returns, up=False),
        shown=_TEARSHEET,
    ),
    MetricRecord(
        key="correlation",
        label="Correlation",
        meaning="Correlation of returns per period with the benchmark's returns.",
        form="ratio",
        group="Against the benchmark",
        better=None,
        value=lambda run: performance.correlation(run.returns, run.against.returns),
        shown=_TEARSHEET,
        listed_below="alpha",
    ),
)
