"""`ResultOnDemand`: a result whose tables are built when one of them is read."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pandas as pd

from backtest.analysis.metrics.records.metric_record import MetricRecord
from backtest.analysis.metrics.records.path_numbers import PathNumbers
from backtest.analysis.metrics.summary import headline
from backtest.analysis.result import BacktestResult
from backtest.data.market_data import MarketData
from backtest.engine.ledger import Ledger


class ResultOnDemand(BacktestResult):
    """Result of a simulation with its NAV and headline numbers; the first read of anything else builds the whole.

    It is a `BacktestResult` in every other respect.
    """

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        data: MarketData,
        *,
        name: str,
        strategy: str,
        own_metrics: tuple[MetricRecord, ...],
        build: Callable[[], BacktestResult],
    ) -> "ResultOnDemand":
        """Return the result of a simulation.

        Args:
            ledger: ledger of the simulation.
            data: market data of the run.
            name: name of the run.
            strategy: name of its strategy.
            own_metrics: metrics of the user.
            build: function that builds the whole result.
        """
        result = cls.__new__(cls)
        numbers = PathNumbers(result, ledger=ledger, data=data)
        vars(result).update(
            name=name,
            strategy=strategy,
            own_metrics=own_metrics,
            periods_per_year=data.periods_per_year,
            nav=pd.Series(ledger.nav, index=numbers.dates, name="nav"),
            _numbers=numbers,
            _build=build,
        )
        return result

    def headline(self) -> dict[str, float]:
        """Return the ten numbers of the table in the terminal, without building the result, and metrics of the user."""
        numbers = vars(self).get("_numbers")
        return super().headline() if numbers is None else headline(numbers, self.own_metrics)

    def __getstate__(self) -> dict[str, Any]:
        """Return the contents of a pickle: the whole result without the setup."""
        self.complete()
        return super().__getstate__()

    def complete(self) -> None:
        """Build the whole result, once."""
        build = vars(self).get("_build")
        if build is not None:
            vars(self).update(vars(build()))
            for name in ("_build", "_numbers"):  # their arrays are no longer needed; another thread may have been first
                vars(self).pop(name, None)


class _Field:
    """Field of a result on demand; an instance has its own value as soon as the result is complete."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, result: ResultOnDemand | None, owner: type) -> Any:
        if result is None:
            raise AttributeError(self._name)
        result.complete()
        return vars(result)[self._name]


for _each in fields(BacktestResult):
    setattr(ResultOnDemand, _each.name, _Field(_each.name))
