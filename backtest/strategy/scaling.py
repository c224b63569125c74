"""The `leverage:` section: scales a strategy's target weights before simulation.

A strategy divides NAV among assets; scaling multiplies its weights by one number per date, which is computed from
information known on that date. The three classes below compute it in different ways. Smoothing, which carries a
multiple from one decision to the next, belongs to the run, so that strategies stay stateless.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from backtest.errors import BacktestError, InsufficientHistory
from backtest.estimation.estimator import Window, window_rows
from backtest.numerics.arrays import Floats
from backtest.risk import (
    apply_multiples,
    multiples_to_volatility,
    portfolio_volatility,
    sample_volatility,
    smooth_multiples,
)
from backtest.strategy.decisions import ViewBatch
from backtest.strategy.view import MarketView, MarketViews

GrossExposure = Annotated[float, Field(gt=0, le=100)]

_MOST_VOLATILITY, _MOST_LEVERAGE = 2.0, 20.0  # larger numbers were probably written in percent


def _reject_percent_of_volatility(volatility: float) -> float:
    if volatility > _MOST_VOLATILITY:
        raise PydanticCustomError("in_percent", "Input should be a decimal of 2 or less (0.1 means 10 % a year)")
    return volatility


def _reject_percent_of_nav(multiple: float) -> float:
    if multiple > _MOST_LEVERAGE:
        raise PydanticCustomError("in_percent", "Input should be a multiple of 20 or less (1.5 means 150 % of NAV)")
    return multiple


Volatility = Annotated[float, Field(gt=0, le=10), AfterValidator(_reject_percent_of_volatility)]
Multiple = Annotated[GrossExposure, AfterValidator(_reject_percent_of_nav)]


class _Scaling(BaseModel, ABC):
    """Base of the three kinds of scaling: a frozen model whose fields are its settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reads_nav: ClassVar[bool] = False
    """True if the multiple depends on NAV; it is then computed date by date, within the simulation."""

    @abstractmethod
    def multiples(self, weights: Floats, batch: ViewBatch, nav: float = 1.0) -> Floats:
        """Return the multiples of a strategy's weights, each from information known on its date.

        Args:
            weights: (m, n) weights of the strategy, fractions of NAV; 0 for assets that may not be held.
            batch: views of these dates.
            nav: NAV at the decision, in units of the first NAV.

        Returns:
            (m,) NaN if nothing is held.

        Raises:
            InsufficientHistory: there is not enough history on one of these dates.
            NoOptimalPortfolio: a portfolio holds something but has no risk.
            StrategyError: the benchmark is needed, but has no target weights, or holds assets that the run does not.
        """

    def smooth(self, multiples: Floats, before: float) -> Floats:  # noqa: ARG002 - most kinds have no memory
        """Return (m,) multiples smoothed towards the multiple of the previous decision; by default unchanged."""
        return multiples

    def apply(self, weights: Floats, multiples: Floats) -> Floats:
        """Return (m, n) scaled target weights, within the bounds of gross exposure."""
        return apply_multiples(weights, multiples)

    @property
    def without_bounds(self) -> Self:
        """A scaling with the same multiples, without bounds and smoothing, which do not change them."""
        return self

    @abstractmethod
    def scale(self, weights: Floats, views: MarketViews) -> Floats:
        """Return (m, n) scaled weights, each from the view of its date alone: without smoothing, and at the first NAV.

        Args:
            weights: (m, n) fractions of NAV by `views.assets`.
            views: views of the dates.
        """


class FixedMultiple(_Scaling):
    """A fixed multiple of the strategy's weights: 2 doubles each.

    Definitions: docs/conventions/scaling.md#fixed-multiple

    Args:
        multiple: multiple of the strategy's weights, above 0.
    """

    multiple: Multiple

    def multiples(self, weights: Floats, batch: ViewBatch, nav: float = 1.0) -> Floats:  # noqa: ARG002 - the signature of its base
        """Return the same multiple on all dates."""
        return np.full(len(weights), self.multiple)

    def scale(self, weights: Floats, views: MarketViews) -> Floats:  # noqa: ARG002 - the signature of its base
        """Return (m, n) weights times the multiple."""
        return self.apply(weights, np.full(len(weights), self.multiple))


class TargetVolatility(_Scaling):
    """Scaling to a target volatility: the multiple is σ_target / σ, within bounds of gross exposure.

    Definitions: docs/conventions/scaling.md#target-volatility

    Args:
        target_volatility: decimal a year; or `benchmark`, the volatility of the benchmark's target weights, measured in
            the same way as σ.
        window: number of most recent excess returns over which σ is the sample volatility of the date's weights:
            periods (20), years ("1Y"), months ("3M") or rows ("20D"). By default σ uses the run's covariance.
        max_gross_exposure: largest Σ|w| afterwards, multiple of NAV.
        min_gross_exposure: smallest Σ|w| afterwards, multiple of NAV.
        smoothing: L_k = smoothing × L_{k-1} + (1 - smoothing) × multiple_k over the run's decisions, before the bounds;
            L_0 is the first multiple.
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

    @property
    def without_bounds(self) -> Self:
        """The target volatility alone."""
        return type(self)(target_volatility=self.target_volatility, window=self.window)

    def scale(self, weights: Floats, views: MarketViews) -> Floats:
        """Return (m, n) weights scaled to the target, date by date, without `smoothing`."""
        return self.apply(weights, self._multiples(weights, views))

    def scale_one(self, weights: pd.Series, view: MarketView) -> pd.Series:
        """Return the weights of one date, scaled as in `scale`.

        Args:
            weights: fractions of NAV by asset; an asset that is left out is not held.
            view: view of the date.
        """
        aligned = weights
        if tuple(weights.index) != view.assets:
            aligned = weights.reindex(list(view.assets), fill_value=0.0)
        scaled = self.scale(aligned.to_numpy()[None], MarketViews([view]))[0]
        return pd.Series(scaled, index=aligned.index)

    def multiples(self, weights: Floats, batch: ViewBatch, nav: float = 1.0) -> Floats:  # noqa: ARG002 - the signature of its base
        """Return target over volatility for each date; an error names its date."""
        multiples = np.full(len(weights), np.nan)
        for first, end in batch.stretches():
            multiples[first:end] = self._multiples_of_stretch(weights[first:end], batch.part(slice(first, end)))
        return multiples

    def smooth(self, multiples: Floats, before: float) -> Floats:
        """Return (m,) multiples smoothed towards the multiple of the previous decision."""
        return smooth_multiples(multiples, self.smoothing, before)

    def apply(self, weights: Floats, multiples: Floats) -> Floats:
        """Return (m, n) scaled target weights, within the bounds of gross exposure."""
        return apply_multiples(weights, multiples, self.max_gross_exposure, self.min_gross_exposure or 0.0)

    def _multiples_of_stretch(self, weights: Floats, batch: ViewBatch) -> Floats:
        """Return the multiples of dates with the same holdable assets; an error names its date."""
        views = batch.views(0, len(batch.rows))
        try:
            return self._multiples(weights.compress(batch.holdable[0], axis=1), views)
        except InsufficientHistory:
            raise
        except BacktestError as problem:
            for k in range(len(weights)) if len(weights) > 1 else ():  # find the date that failed
                self._multiples_of_stretch(weights[k : k + 1], batch.part(slice(k, k + 1)))
            raise type(problem)(f"leverage on {views.as_of[0]:%Y-%m-%d}: {problem}") from problem

    def _multiples(self, weights: Floats, views: MarketViews) -> Floats:
        """Return (m,) multiples; the benchmark's volatility is measured as the volatility of the weights."""
        if self.window is None:
            measure: Callable[[Floats], Any] = partial(portfolio_volatility, covariance=views.covariance)
        else:
            measure = partial(_over_window, views=views, window=self.window)
        if self.target_volatility == "benchmark":
            target = measure(views.benchmark_target_weights)
        else:
            target = self.target_volatility / np.sqrt(views.periods_per_year)
        return multiples_to_volatility(weights, measure(weights), target)


class FixedDebt(_Scaling):
    """Constant debt: weights × (1 + debt / NAV), with NAV at the decision in units of the first NAV.

    If the weights sum to 1, the loan after each trade is `debt` times the first NAV: the multiple falls as NAV rises.

    Definitions: docs/conventions/scaling.md#fixed-debt

    Args:
        debt: multiple of the first NAV.
        max_gross_exposure: largest Σ|w| afterwards, multiple of NAV; without it, leverage is unbounded as NAV falls.
    """

    reads_nav: ClassVar[bool] = True

    debt: Multiple
    max_gross_exposure: GrossExposure | None = None

    def multiples(self, weights: Floats, batch: ViewBatch, nav: float = 1.0) -> Floats:  # noqa: ARG002 - the signature of its base
        """Return 1 + debt / NAV, for one date or for several dates with the same NAV."""
        return np.full(len(weights), 1 + self.debt / nav)

    def scale(self, weights: Floats, views: MarketViews) -> Floats:  # noqa: ARG002 - the signature of its base
        """Return (m, n) weights scaled at the first NAV."""
        return self.apply(weights, np.full(len(weights), 1 + self.debt))

    def apply(self, weights: Floats, multiples: Floats) -> Floats:
        """Return (m, n) scaled target weights, below the cap on gross exposure."""
        return apply_multiples(weights, multiples, self.max_gross_exposure or np.inf)


_KINDS: Mapping[str, type[_Scaling]] = {
    "multiple": FixedMultiple,
    "target_volatility": TargetVolatility,
    "debt": FixedDebt,
}


def kind_of_leverage(given: Any) -> str | None:
    """Return the tag of a kind of scaling, from the one setting that only this kind has."""
    if isinstance(given, _Scaling):
        return next((f"of {name}" for name, kind in _KINDS.items() if isinstance(given, kind)), None)
    names = [name for name in _KINDS if isinstance(given, Mapping) and name in given]
    return f"of {names[0]}" if len(names) == 1 else None


Scaling = Annotated[
    Annotated[FixedMultiple, Tag("of multiple")]
    | Annotated[TargetVolatility, Tag("of target_volatility")]
    | Annotated[FixedDebt, Tag("of debt")],
    Discriminator(
        kind_of_leverage,
        custom_error_type="leverage",
        custom_error_message=f"Input should be settings with one of {', '.join(_KINDS)}, such as {{multiple: 2}}",
    ),
]
"""Settings of the section `leverage:` of a configuration."""


def _over_window(weights: Floats, *, views: MarketViews, window: int | str) -> Floats:
    """Return (m,) sample volatilities per period of (m, n) weights, each over its window."""
    count = window_rows(window, views.periods_per_year)
    history = views[-1].excess_returns  # the last view contains the history of the others
    excess_returns, rows = history.to_numpy(), history.index.get_indexer(views.as_of)
    volatilities = np.empty(len(weights))
    for k, row in enumerate(rows):
        excess = excess_returns[max(0, row + 1 - count) : row + 1]
        missing = np.isnan(excess[:, weights[k] != 0]).any()
        if missing or row + 1 < count:
            raise InsufficientHistory(
                f"leverage.window: on {views.as_of[k]:%Y-%m-%d} not all assets to be held have {count} excess returns",
                "leverage.window",
            )
        volatilities[k] = sample_volatility(weights[k], excess)
    return volatilities
