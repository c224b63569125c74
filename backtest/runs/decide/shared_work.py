"""`SharedWork`: covariances and answers of strategies, kept by the settings that they read."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from backtest.config import RunConfig
from backtest.data.market_data import MarketData
from backtest.estimation.estimator import lengths
from backtest.numerics.arrays import Floats
from backtest.runs.decide.decision_rows import decision_rows
from backtest.runs.decide.decision_settings import DecisionSettings, Followed, estimated
from backtest.strategy.agenda import Agenda, first_answer
from backtest.strategy.decisions import ViewBatch, answers

_MOST_COVARIANCES = 4
_LARGEST = 2**22  # elements of covariances that are kept: 32 MB
_MOST_ANSWERS = 64

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Latest values of a step by what they were made from.

    Args:
        most: number of values to keep.

    Example:
        >>> kept = Kept(2)
        >>> [kept.get((name,), name.upper) for name in ("a", "b", "a")]
        ['A', 'B', 'A']
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: list[tuple[tuple[object, ...], Value]] = []

    def get(self, key: tuple[object, ...], make: Callable[[], Value]) -> Value:
        """Return the value that was made from an equal key, or make it."""
        for at, (known, value) in enumerate(self._values):
            if _same(known, key):
                self._values.append(self._values.pop(at))
                return value
        value = make()
        self._values = [*self._values, (key, value)][-self._most :]
        return value


def _same(known: tuple[object, ...], key: tuple[object, ...]) -> bool:
    """Return whether two keys are equal; settings with arrays, which have no single answer, count as different."""
    try:
        return known == key
    except ValueError:
        return False


class SharedWork:
    """Work that decisions under different settings share: scaling, for example, changes no answer of the strategy."""

    def __init__(self) -> None:
        self._covariances: Kept[Floats] = Kept(_MOST_COVARIANCES)
        self._answers: Kept[Floats] = Kept(_MOST_ANSWERS)
        self._firsts: Kept[int] = Kept(_MOST_ANSWERS)
        self._rows: Kept[list[int]] = Kept(_MOST_ANSWERS)

    def covariances(self, settings: DecisionSettings, data: MarketData, rows: Sequence[int]) -> Floats:
        """Return the (m, n, n) covariances on these rows; large ones are estimated each time."""
        if len(rows) * len(data.assets) ** 2 > _LARGEST:
            return estimated(settings, data, rows)
        key = (settings.estimation, data, tuple(rows))
        return self._covariances.get(key, lambda: estimated(settings, data, rows))

    def answers(
        self, settings: DecisionSettings, data: MarketData, benchmark: Followed | None, batch: ViewBatch
    ) -> Floats:
        """Return the (m, n) answers of a strategy that does not read its path, before scaling."""
        key = (settings._replace(leverage=None), data, benchmark, tuple(batch.rows))
        return self._answers.get(key, lambda: answers(settings.strategy, batch))

    def first(self, config: RunConfig, data: MarketData, benchmark: Followed | None, agenda: Agenda) -> int:
        """Return the position in the agenda of the first date with enough history for the strategy and its scaling.

        Bounds and smoothing of the scaling do not change it.
        """
        settings, leverage = DecisionSettings.of(config), config.leverage
        least = min(2, len(data.assets)) if config.data.ragged else len(data.assets)
        windows = [f"estimation.{name}" for name, (_, rows) in lengths(config.estimation).items() if rows > 1]
        windows += ["costs.impact.window"] if config.costs.impact is not None else []
        find = partial(first_answer, config.strategy.model, agenda, least=least, windows=windows)
        first = self._firsts.get((settings._replace(leverage=None), data, benchmark), find)
        if leverage is None:
            return first
        known = settings._replace(leverage=leverage.without_bounds), data, benchmark
        return self._firsts.get(known, partial(find, leverage, begin=first))

    def decision_rows(self, config: RunConfig, data: MarketData) -> list[int]:
        """Return the positions of the rebalance dates in the data."""
        schedule = config.rebalance
        if schedule.frequency == "given":  # dates of the strategy
            return decision_rows(config, data)
        return self._rows.get((data, schedule.frequency, schedule.day), lambda: decision_rows(config, data))
