"""Strategies that combine others, each of which is a sleeve of the portfolio."""

import re
import sys
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_serializer,
)

from backtest.errors import InsufficientHistory, NoOptimalPortfolio, NoRiskBudgetPortfolio, StrategyError
from backtest.estimation.estimation_settings import EstimationSettings
from backtest.numerics.arrays import Floats
from backtest.own_code import reported
from backtest.risk import risk_parity_weights
from backtest.strategy.agreement import ask_together
from backtest.strategy.base import FOLDER, Strategy
from backtest.strategy.choice import StrategyChoice, own_estimator
from backtest.strategy.decisions import name_assets
from backtest.strategy.scaling import Scaling
from backtest.strategy.sleeve_views import estimated_views
from backtest.strategy.view import MarketView, MarketViews


class Sleeve(BaseModel):
    """A strategy within another one, on the assets, dates and terms of the run.

    Definitions: docs/conventions/strategies.md#blends

    Args:
        config: configuration whose strategy, estimator and leverage the sleeve has, in place of the three.
        strategy: name of the strategy, or its name and its settings.
        estimation: the sleeve's own estimator; by default it has the covariance of the run.
        leverage: scaling of the sleeve's weights, to a fixed multiple or a target volatility.
        weight: fraction of NAV that follows the strategy.
        budget: share of the portfolio's risk, in place of a weight.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: Annotated[None, WithJsonSchema({"type": "string"})] = None
    strategy: StrategyChoice
    estimation: EstimationSettings | None = None
    leverage: Scaling | None = None
    weight: FiniteFloat | None = None
    budget: Annotated[float, Field(gt=0, le=1)] | None = None

    @field_validator("config", mode="before")
    @classmethod
    def _is_replaced(cls, given: object) -> object:
        """Refuse the name of a configuration, which the loading of the whole configuration replaces."""
        if given is not None:
            raise ValueError("a configuration is read where it is part of another one; expected strategy instead")
        return given

    @field_validator("estimation", mode="before")
    @classmethod
    def _find_estimator(cls, given: Any, info: ValidationInfo) -> Any:
        return own_estimator(given, (info.context or {}).get(FOLDER, Path()))

    @field_validator("leverage")
    @classmethod
    def _needs_no_path(cls, leverage: Scaling | None) -> Scaling | None:
        if leverage is not None and leverage.reads_nav:
            raise ValueError("debt needs a NAV, which a sleeve does not have; expected multiple or target_volatility")
        if getattr(leverage, "smoothing", 0.0):
            raise ValueError("smoothing needs earlier decisions, which are not kept by sleeve; expected no smoothing")
        return leverage

    @model_serializer(mode="wrap")
    def _as_settings(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name != "config"}

    def weights(self, views: MarketViews) -> Floats:
        """Return the (m, n) weights that the sleeve would hold alone."""
        if self.estimation is None:
            return self._scaled(views)
        weights = np.zeros((len(views), len(views.assets)))
        for dates, columns, own in estimated_views(self.estimation, views):
            weights[dates, columns] = self._scaled(own)
        return weights

    def _scaled(self, views: MarketViews) -> Floats:
        try:
            weights = ask_together(self.strategy.model, views)
            return weights if self.leverage is None else self.leverage.scale(weights, views)
        except (NoRiskBudgetPortfolio, NoOptimalPortfolio) as problem:
            raise StrategyError(name_assets(problem, views.assets)) from None


class Blended(Strategy):
    """Base of strategies that combine others: the sum of the weights of their sleeves.

    Args:
        sleeves: the sleeves by name.
    """

    sleeves: dict[str, Sleeve]

    @abstractmethod
    def sleeve_weights(self, views: MarketViews) -> Floats:
        """Return the weights of each sleeve on several dates, (k, m, n) fractions of the portfolio's NAV."""

    def target_weights(self, view: MarketView) -> pd.Series:
        """Return the sum of the weights of all sleeves."""
        return pd.Series(self.target_weights_many(MarketViews([view]))[0], index=list(view.assets))

    def target_weights_many(self, views: MarketViews) -> Floats:
        """Return the sums of the weights of all sleeves on several dates, (m, n)."""
        total: Floats = self.sleeve_weights(views).sum(axis=0)
        return total

    def files_read(self) -> Mapping[str, str]:
        """Return the SHA-256 of the files of all sleeves, by path."""
        parts = [sleeve.strategy.model for sleeve in self.sleeves.values()]
        return {file: digest for part in parts for file, digest in part.files_read().items()}

    def check_assets(self, assets: tuple[str, ...], classes: Mapping[str, str]) -> None:
        """Check the settings of all sleeves.

        Raises:
            StrategyError: a setting names an asset or class that the run does not have.
        """
        for name, sleeve in self.sleeves.items():
            try:
                sleeve.strategy.model.check_assets(assets, classes)
            except StrategyError as problem:
                raise StrategyError(f"sleeve {name}: {problem}") from problem


def sleeves_of(strategy: Strategy, place: str = "strategy") -> Iterator[tuple[str, Sleeve]]:
    """Yield the sleeves of a strategy, and the sleeves of these, by their dotted names in a configuration."""
    for name, sleeve in strategy.sleeves.items() if isinstance(strategy, Blended) else ():
        at = f"{place}.sleeves.{name}"
        yield at, sleeve
        yield from sleeves_of(sleeve.strategy.model, f"{at}.strategy")


def ask_sleeves(sleeves: Mapping[str, Sleeve], views: MarketViews) -> Floats:
    """Return the weights that each sleeve would hold alone, (k, m, n).

    Raises:
        InsufficientHistory: one of them has too little history.
        StrategyError: one of them fails; the message names its sleeve.
    """
    return np.stack([_ask(name, sleeve, views) for name, sleeve in sleeves.items()])


def _ask(name: str, sleeve: Sleeve, views: MarketViews) -> Floats:
    file = getattr(sys.modules.get(type(sleeve.strategy.model).__module__), "__file__", None)
    try:
        with reported(StrategyError, f"sleeve {name}: ", file=file):
            return sleeve.weights(views)
    except InsufficientHistory:
        raise
    except StrategyError as problem:
        named = str(problem) if problem.__cause__ is not None else f"sleeve {name}: {problem}"
        raise StrategyError(named) from problem


def sleeves_of_budgets(apart: Floats, covariance: Floats, budgets: Mapping[str, float]) -> Floats:
    """Return the weight of each sleeve on each date, such that each contributes its share of the expected risk.

    The sleeves count as k assets with the covariance W Σ Wᵀ, where the rows of W are their weights. Their weights add
    up to 1.

    Args:
        apart: (k, m, n) weights that each sleeve would hold alone.
        covariance: (m, n, n) covariance of the assets.
        budgets: share of risk by sleeve; the k shares add up to 1.

    Returns:
        (k, m) fractions of NAV.

    Raises:
        StrategyError: no weights have these budgets, such as with a sleeve that holds cash alone.

    Example:
        >>> apart = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
        >>> sleeves_of_budgets(apart, np.diag([0.04, 0.01])[None], {"growth": 0.5, "calm": 0.5}).round(4).tolist()
        [[0.3333], [0.6667]]
    """
    held = np.ascontiguousarray(apart.transpose(1, 0, 2))
    between = held @ covariance @ held.transpose(0, 2, 1)
    try:
        shares = risk_parity_weights((between + between.transpose(0, 2, 1)) / 2, np.array([*budgets.values()]))
    except NoRiskBudgetPortfolio as problem:
        names = dict(enumerate(budgets))
        words = re.sub(r"\basset (\d+)", lambda match: f"sleeve {names[int(match[1])]}", str(problem))
        raise StrategyError(f"budgets of sleeves: {words}") from problem
    return np.ascontiguousarray(shares.T)
