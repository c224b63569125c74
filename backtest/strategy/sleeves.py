"""Strategies that combine others, each of which is a sleeve of the portfolio."""

import re
import sys
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from backtest.errors import InsufficientHistory, NoRiskBudgetPortfolio, StrategyError
from backtest.numerics.arrays import Floats
from backtest.own_code import reported
from backtest.risk import risk_parity_weights
from backtest.strategy.agreement import ask_together
from backtest.strategy.base import Strategy
from backtest.strategy.choice import StrategyChoice
from backtest.strategy.view import MarketView, MarketViews


class Sleeve(BaseModel):
    """A strategy within another one.

    Definitions: docs/conventions/strategies.md#blends

    Args:
        strategy: name of the strategy, or its name and its settings.
        weight: fraction of NAV that follows the strategy.
        budget: share of the portfolio's risk, in place of a weight.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: StrategyChoice
    weight: FiniteFloat | None = None
    budget: Annotated[float, Field(gt=0, le=1)] | None = None


class Blended(Strategy):
    """Base of strategies that combine others: the sum of the weights of their sleeves."""

    @abstractmethod
    def strategies(self) -> Mapping[str, Strategy]:
        """Return the strategy of each sleeve by the name of the sleeve."""

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
        return {file: digest for part in self.strategies().values() for file, digest in part.files_read().items()}

    def check_assets(self, assets: tuple[str, ...], classes: Mapping[str, str]) -> None:
        """Check the settings of all sleeves.

        Raises:
            StrategyError: a setting names an asset or class that the run does not have.
        """
        for name, strategy in self.strategies().items():
            try:
                strategy.check_assets(assets, classes)
            except StrategyError as problem:
                raise StrategyError(f"sleeve {name}: {problem}") from problem


def parts_of(strategy: Strategy) -> Iterator[Strategy]:
    """Yield a strategy and all that it combines."""
    yield strategy
    for part in strategy.strategies().values() if isinstance(strategy, Blended) else ():
        yield from parts_of(part)


def ask_sleeves(strategies: Mapping[str, Strategy], views: MarketViews) -> Floats:
    """Return the weights that each strategy would hold alone, (k, m, n).

    Raises:
        InsufficientHistory: one of them has too little history.
        StrategyError: one of them fails; the message names its sleeve.
    """
    return np.stack([_ask(name, strategy, views) for name, strategy in strategies.items()])


def _ask(name: str, strategy: Strategy, views: MarketViews) -> Floats:
    file = getattr(sys.modules.get(type(strategy).__module__), "__file__", None)
    try:
        with reported(StrategyError, f"sleeve {name}: ", file=file):
            return ask_together(strategy, views)
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
