"""`Metric`: base class of users' own metrics, and how they are found."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from inspect import cleandoc, isabstract
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, cast, get_args

from backtest.analysis.metrics import records
from backtest.analysis.metrics.metric_registry import METRICS, SUMMARY
from backtest.analysis.metrics.records.metric_record import PAGES, TERMINAL, Better, Form, Group, MetricRecord, Place
from backtest.analysis.metrics.records.run_numbers import RunNumbers
from backtest.analysis.result import BacktestResult
from backtest.errors import MetricError
from backtest.own.own_files import OwnKind
from backtest.own_code import reported

_TAKEN = {*(entry.key for entry in (*SUMMARY, *METRICS)), "benchmark", "benchmarks", "break_even"}
"""Keys that a summary has already."""


@dataclass(frozen=True)
class Metric(ABC):
    """Base of users' own metrics: one number of a result, in the summary, on pages and in the terminal.

    The first paragraph of the docstring is the definition that pages show. The class attributes say how the number is
    shown. A configuration names the metric in `report.metrics`, and it is created without arguments.

    Args:
        name: name in the configuration; its last part is the key in the summary.

    Example:
        >>> import backtest as bt
        >>> class BestPeriod(bt.Metric):
        ...     '''Largest return of a single period.'''
        ...     form, better = "percent", "higher"
        ...     def value(self, result):
        ...         return result.returns.max()
        >>> result = bt.run("configs/erc.yaml", {"report.metrics": [BestPeriod]})
        >>> round(result.summary()["BestPeriod"], 4)
        0.0818
    """

    name: str = ""

    label: ClassVar[str] = ""
    """Name on pages and in the terminal; by default the key, with blanks."""
    form: ClassVar[Form] = "ratio"
    """Number format: `percent`, `percent2` (two decimals), `ratio`, `multiple` or `count`."""
    group: ClassVar[Group] = "Risk"
    """Heading under which pages list the metric. A metric `Against the benchmark` is for runs with one alone."""
    better: ClassVar[Better | None] = None
    """Preferred direction, by which comparisons mark the best: `higher`, `lower`, `nearest 1`, or None."""

    @abstractmethod
    def value(self, result: BacktestResult) -> float:
        """Return the number of a result, or of its benchmark, which is a result too; NaN if it is not defined."""

    @property
    def key(self) -> str:
        """Key in the summary."""
        return self.name.rpartition(":")[2]

    @property
    def record(self) -> MetricRecord:
        """Record with which summaries, pages and tables treat the metric as one of the package."""
        words = self.label or self.key.replace("_", " ")
        related: frozenset[Place] = frozenset({"tearsheet"})  # the results of a comparison have no benchmarks
        return MetricRecord(
            key=self.key,
            label=words[:1].upper() + words[1:],
            meaning=_meaning(type(self)),
            form=self.form,
            group=self.group,
            better=self.better,
            value=self.checked_value,
            shown=related if self.group == "Against the benchmark" else PAGES | TERMINAL,
        )

    def checked_value(self, run: RunNumbers) -> float:
        """Return the value as a float.

        Raises:
            MetricError: it is not a number, or it is infinite.
        """
        with reported(MetricError, f"{self.name}: "):
            value = self.value(cast("BacktestResult", run.result))
        if isinstance(value, bool) or not isinstance(value, Real):
            got = "nothing" if value is None else f"a {type(value).__name__}"
            raise MetricError(f"{self.name}: value returned {got}; expected a number, NaN if it is not defined")
        if math.isinf(value):
            raise MetricError(f"{self.name}: value returned {value}; expected NaN if it is not defined")
        return float(value)


_METRICS = OwnKind("metric", "metrics", Metric, records.__name__, MetricError)


def find_metric(given: Any, folder: Path) -> Metric:
    """Return the metric with a given name, or of a given class.

    `mine` is the only class in `metrics/mine.py`, which is searched in `folder` and the folders above it up to the root
    of the project. `package.module:Class` is imported.

    Args:
        given: the name; or a class or an object, which is checked.
        folder: folder of the configuration.

    Raises:
        MetricError: there is no such metric, its file cannot be imported, or its class attributes are wrong.
    """
    if isinstance(given, Metric):
        return _checked(replace(given, name=given.name or type(given).__name__))
    if isinstance(given, type) and issubclass(given, Metric) and not isabstract(given):
        return _created(given, given.__name__)
    if not isinstance(given, str):
        raise MetricError(f"got {given!r}; expected the name of a file in metrics/, or package.module:Class")
    if ":" in given:
        return _created(_METRICS.named(given), given)
    files = _METRICS.files(folder)
    if given in files:
        return _created(_METRICS.load(files[given]), given)
    if given in _TAKEN:
        raise MetricError(f"every report has {given} already; expected metrics of your own, from metrics/")
    raise _METRICS.unknown(given, files, folder)


def _created(found: type[Metric], name: str) -> Metric:
    with reported(MetricError, f"{name}: "):
        return _checked(found(name))


def _checked(metric: Metric) -> Metric:
    """Return a metric if its key is new, and pages can show it."""
    found = type(metric)
    if metric.key in _TAKEN:
        raise MetricError(f"{metric.name}: every report has {metric.key} already; expected another name")
    if not _meaning(found):
        raise MetricError(f"{metric.name}: {found.__name__} has no docstring; expected the definition that pages show")
    for attribute, allowed in (("form", get_args(Form)), ("group", get_args(Group)), ("better", _DIRECTIONS)):
        value = getattr(metric, attribute)
        if value not in allowed:
            names = ", ".join(str(each) for each in allowed)
            raise MetricError(f"{metric.name}: {attribute} is {value!r}; expected one of {names}")
    return metric


_DIRECTIONS = (*get_args(Better), None)


def _meaning(found: type[Metric]) -> str:
    """Return the first paragraph of the docstring of a class itself, in one line; empty without a docstring."""
    return " ".join(cleandoc(found.__dict__.get("__doc__") or "").partition("\n\n")[0].split())
