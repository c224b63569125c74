"""How much of what a strategy answers is held: the section `leverage:`, a step between the answer and the path.

A strategy says how NAV is divided; leverage multiplies that by one number a date. The multiple of a date is worked out
from what is known then: the section's three kinds say how. What one decision takes over from the one before (smoothing)
belongs to the run, so that strategies stay stateless.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from backtest.errors import BacktestError, InsufficientHistory, StrategyError
from backtest.estimation.estimator import Window, window_rows
from backtest.numerics.arrays import Bools, Floats
from backtest.risk import levered, multiples_to_volatility, portfolio_volatility, sample_volatility, smoothed
from backtest.strategy.decisions import ViewBatch
from backtest.strategy.view import MarketView, MarketViews

GrossExposure = Annotated[float, Field(gt=0, le=100)]

_MOST_VOLATILITY, _MOST_LEVERAGE = 2.0, 20.0  # above these a number was written in percent


def _is_no_percent_of_volatility(volatility: float) -> float:
    if volatility > _MOST_VOLATILITY:
        raise PydanticCustomError("in_percent", "Input should be a decimal of 2 or less (0.1 means 10 % a year)")
    return volatility


def _is_no_percent_of_nav(multiple: float) -> float:
    if multiple > _MOST_LEVERAGE:
        raise PydanticCustomError("in_percent", "Input should be a multiple of 20 or less (1.5 means 150 % of NAV)")
    return multiple


Volatility = Annotated[float, Field(gt=0, le=10), AfterValidator(_is_no_percent_of_volatility)]
Multiple = Annotated[GrossExposure, AfterValidator(_is_no_percent_of_nav)]


class _Scaling(BaseModel, ABC):
    """Base of the three kinds: a frozen model whose fields are its settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reads_nav: ClassVar[bool] = False
    """Whether the multiple depends on NAV; such leverage is worked out date by date, within the simulation."""

    @abstractmethod
    def multiples(self, weights: Floats, batch: ViewBatch, nav: float = 1.0) -> Floats:
        """What a strategy's answers are multiplied by, each from what is known on its date.

        Args:
            weights: (m, n) the answers, fractions of NAV; 0 where an asset may not be held.
            batch: what is known on these dates.
            nav: at the decision, in units of the first NAV.

        Returns:
            (m,) NaN where nothing is held.

        Raises:
            InsufficientHistory: there is too little history on one of these dates.
            NoOptimalPortfolio: an answer holds something and has no risk.
            StrategyError: the benchmark is asked for, and has no targets or others than the run's assets.
        """

    def smooth(self, multiples: Floats, before: float) -> Floats:  # noqa: ARG002 - most kinds have no memory
        """(m,) the same, drawn towards the multiple of the decision before."""
        return multiples

    def apply(self, weights: Floats, multiples: Floats) -> Floats:
        """(m, n) the levered target weights, within the bounds of gross exposure."""
        return levered(weights, multiples)


class FixedMultiple(_Scaling):
    """A fixed multiple of the strategy's weights: 2 doubles each."""

    multiple: Multiple

    def multiples(self, weights: Floats, batch: ViewBatch, nav: float = 1.0) -> Floats:  # noqa: ARG002 - as its base
        """As the base; the same on all dates."""
        return np.full(len(weights), self.multiple)


class TargetVolatility(_Scaling):
    """The multiple that gives the strategy's weights a volatility: σ_target / σ, within bounds of gross exposure.

    Args:
        target_volatility: decimal a year; or `benchmark`: that of the benchmark's target weights, measured as σ is.
        window: σ is the sample volatility of the date's weights over so many of the last excess returns, in place of
            that by the run's covariance: periods (20), years ("1Y"), months ("3M") or rows ("20D").
        max_gross_exposure: the most of Σ|w| afterwards, multiple of NAV.
        min_gross_exposure: the least of it.
        smoothing: L_k = smoothing × L_{k-1} + (1 - smoothing) × wanted_k over the run's decisions, before the bounds;
            the first is what is wanted.
    """

    target_volatility: Volatility | Literal["benchmark"]
    window: Window | None = None
    max_gross_exposure: GrossExposure = 3.0
    min_gross_exposure: Multiple | None = None
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @field_validator("min_gross_exposure")
    @classmethod
    def _below_the_cap(cls, least: float | None, info: ValidationInfo) -> float | None:
        most = info.data.get("max_gross_exposure")
        if least is not None and most is not None and least > most:
            raise ValueError(f"{least:g} is above the max_gross_exposure of {most:g}; expected at most that")
        return least

    def scale(self, weights: Floats, views: MarketViews) -> Floats:
        """(m, n) weights scaled by the run's covariance, each date's for itself: without `window` and `smoothing`.

        Args:
            weights: (m, n) fractions of NAV by `views.assets`.
            views: of the dates.
        """
        by_covariance = partial(portfolio_volatility, covariance=views.covariance)
        return self.apply(weights, self._multiples(weights, views, by_covariance))

    def scale_one(self, weights: pd.Series, view: MarketView) -> pd.Series:
        """Return the weights of one date, scaled as by `scale`.

        Args:
            weights: fractions of NAV by asset; an asset that is left out has none.
            view: of the date.
        """
        aligned = weights
        if tuple(weights.index) != view.assets:
            aligned = weights.reindex(list(view.assets), fill_value=0.0)
        scaled = self.scale(aligned.to_numpy()[None], MarketViews([view]))[0]
        return pd.Series(scaled, index=aligned.index)

    def multiples(self, weights: Floats, batch: ViewBatch, nav: float = 1.0) -> Floats:  # noqa: ARG002 - as its base
        """As the base; of several dates an error names the one."""
        found = np.full(len(weights), np.nan)
        for first, end in batch.stretches():
            found[first:end] = self._dated(weights[first:end], batch.part(slice(first, end)))
        return found

    def smooth(self, multiples: Floats, before: float) -> Floats:
        """As the base."""
        return smoothed(multiples, self.smoothing, before)

    def apply(self, weights: Floats, multiples: Floats) -> Floats:
        """As the base."""
        return levered(weights, multiples, self.max_gross_exposure, self.min_gross_exposure or 0.0)

    def _dated(self, weights: Floats, batch: ViewBatch) -> Floats:
        """Of dates with the same holdable assets; an error names its date."""
        held = batch.holdable[0]
        views = batch.views(0, len(batch.rows))
        try:
            if self.window is None:
                measure: Callable[[Floats], Any] = partial(portfolio_volatility, covariance=views.covariance)
            else:
                measure = partial(_over_window, batch=batch, held=held, window=self.window)
            return self._multiples(weights.compress(held, axis=1), views, measure)
        except InsufficientHistory:
            raise
        except BacktestError as problem:
            for k in range(len(weights)) if len(weights) > 1 else ():  # which of them it was
                self._dated(weights[k : k + 1], batch.part(slice(k, k + 1)))
            raise type(problem)(f"leverage on {views.as_of[0]:%Y-%m-%d}: {problem}") from problem

    def _multiples(self, weights: Floats, views: MarketViews, measure: Callable[[Floats], Any]) -> Floats:
        """(m,) by a measure of (m, n) weights' volatility per period, the same for a benchmark's."""
        if self.target_volatility == "benchmark":
            target = measure(views.benchmark_target_weights)
        else:
            target = self.target_volatility / np.sqrt(views.periods_per_year)
        return multiples_to_volatility(weights, measure(weights), target)


class FixedDebt(_Scaling):
    """A debt that stays what it was: weights × (1 + debt / NAV), NAV that of the decision in units of the first.

    Of weights that add up to 1, what is borrowed is `debt` times the first NAV after each trade: the multiple falls as
    NAV rises.

    Args:
        debt: multiple of the first NAV.
        max_gross_exposure: the most of Σ|w| afterwards, multiple of NAV; without one, leverage has no bound as NAV
            falls.
    """

    reads_nav: ClassVar[bool] = True

    debt: Multiple
    max_gross_exposure: GrossExposure | None = None

    def multiples(self, weights: Floats, batch: ViewBatch, nav: float = 1.0) -> Floats:  # noqa: ARG002 - as its base
        """As the base; of one date, or of several with the same NAV."""
        return np.full(len(weights), 1 + self.debt / nav)

    def apply(self, weights: Floats, multiples: Floats) -> Floats:
        """As the base."""
        return levered(weights, multiples, self.max_gross_exposure or np.inf)


_KINDS: Mapping[str, type[_Scaling]] = {
    "multiple": FixedMultiple,
    "target_volatility": TargetVolatility,
    "debt": FixedDebt,
}


def _kind(given: Any) -> str | None:
    """The kind of leverage, by the one setting that only it has."""
    if isinstance(given, _Scaling):
        return next((f"of {name}" for name, kind in _KINDS.items() if isinstance(given, kind)), None)
    said = [name for name in _KINDS if isinstance(given, Mapping) and name in given]
    return f"of {said[0]}" if len(said) == 1 else None


Scaling = Annotated[
    Annotated[FixedMultiple, Tag("of multiple")]
    | Annotated[TargetVolatility, Tag("of target_volatility")]
    | Annotated[FixedDebt, Tag("of debt")],
    Discriminator(
        _kind,
        custom_error_type="leverage",
        custom_error_message=f"Input should be settings with one of {', '.join(_KINDS)}, such as {{multiple: 2}}",
    ),
]
"""The section `leverage:` of a configuration."""


def _over_window(weights: Floats, *, batch: ViewBatch, held: Bools, window: int | str) -> Floats:
    """(m,) sample volatility per period of (m, n) weights of the held assets, each over its date's last rows."""
    history = batch.history
    count = window_rows(window, history.periods_per_year)
    if count < 2:
        raise StrategyError(
            f"leverage.window of {window} is {count} of the data's periods, of {history.periods_per_year} a year; "
            "expected two or more"
        )
    found = np.empty(len(weights))
    for k, row in enumerate(batch.rows):
        past = slice(max(0, row + 1 - count), row + 1)
        excess = history.returns[past, held] - history.cash_returns[past, None]
        missing = np.isnan(excess[:, weights[k] != 0]).any()
        if missing or row + 1 < count:
            raise InsufficientHistory(
                f"leverage.window: on {history.dates[row]:%Y-%m-%d} there are no {count} excess returns of all assets "
                "that are to be held; hint: a shorter leverage.window"
            )
        found[k] = sample_volatility(weights[k], excess)
    return found
