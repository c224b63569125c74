"""`Strategy`: base class of all strategies, with settings as fields and one method."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from backtest.errors import StrategyError
from backtest.numerics.arrays import Floats
from backtest.strategy.view import MarketView, MarketViews

FOLDER = "folder"
"""Key of the folder that paths in a strategy's settings are relative to, in pydantic's context of a validation."""


class Strategy(BaseModel, ABC):
    """Base of all strategies: a frozen model whose fields are its settings.

    A subclass in its own file under `strategies/` is found by the name of the file. A strategy is stateless: the same
    view gives the same weights.

    Example:
        >>> class Halves(Strategy):
        ...     '''Half of NAV, spread equally.'''
        ...     share: float = 0.5
        ...     def target_weights(self, view: MarketView) -> pd.Series:
        ...         return pd.Series(self.share / len(view.assets), index=view.assets)
        >>> Halves(share=0.4)
        Halves(share=0.4)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reads_current_weights: ClassVar[bool] = False
    """True for a strategy that reads `view.current_weights`; it is called date by date, within the simulation."""

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse a value that is kept from one date to the next; names of pydantic begin with an underscore."""
        if not name.startswith("_"):
            raise StrategyError(
                f"{name} cannot be set: a strategy is frozen, because the same view has to give the same weights. "
                "Hint: a field for a setting; view.current_weights for what is held"
            )
        super().__setattr__(name, value)

    @abstractmethod
    def target_weights(self, view: MarketView) -> pd.Series | Mapping[str, float]:
        """Return target weights at the close of `view.as_of`.

        Returns:
            Fractions of NAV by asset, as a Series or a dictionary; an asset that is left out is not held. The sum is
            free: if it is below one, the rest is cash; if it is above one, the excess is borrowed.

        Raises:
            InsufficientHistory: there is not enough history yet; the run begins later.
        """

    def target_weights_many(self, views: MarketViews) -> Floats:
        """Return target weights on several dates at once: (m, n), rows as `views`, columns as `views.assets`.

        The default calls `target_weights` for each date. Override it if the work can be done for all dates together.
        Each row may depend only on the view of its own date, and must equal the result of `target_weights`, which a run
        checks on some dates. For a subclass that overrides only `target_weights`, this method is not used.
        """
        return np.stack([aligned_weights(self.target_weights(view), view) for view in views])

    def decision_dates(self) -> pd.DatetimeIndex | None:
        """Return the dates on which the strategy decides unless `rebalance` says when; None if it has no own dates."""
        return None

    def files_read(self) -> Mapping[str, str]:
        """Return the SHA-256 of each file that belongs to the settings, by path."""
        return {}

    def check_assets(self, assets: tuple[str, ...], classes: Mapping[str, str]) -> None:
        """Check the settings against the run's assets and their classes, before any data is read.

        Raises:
            StrategyError: a setting names an asset or class that the run does not have.
        """


def aligned_weights(weights: pd.Series | Mapping[str, float], view: MarketView) -> Floats:
    """Return the weights of a strategy as an (n,) array in the order of `view.assets`, 0 for assets left out.

    Raises:
        StrategyError: the weights are not a Series or a mapping of numbers, name an asset that may not be held, or are
            not all finite. The caller names the strategy and the date.
    """
    if isinstance(weights, Mapping):
        weights = pd.Series(dict(weights), dtype=None if weights else float)
    if not isinstance(weights, pd.Series):
        raise StrategyError(f"returned a {type(weights).__name__}; expected a pandas Series or a dictionary by asset")
    try:
        values: Floats = weights.to_numpy(dtype=float)
    except (TypeError, ValueError):
        values = np.empty(0)
    if len(values) < len(weights) or weights.dtype.kind in "cmM":
        raise StrategyError(f"returned weights of type {weights.dtype}; expected numbers")
    if tuple(weights.index) == view.assets:
        return check_finite(values, view)
    unknown = [str(name) for name in weights.index if name not in view.assets]
    if unknown:
        raise StrategyError(f"weights for {', '.join(unknown)}; it may hold {', '.join(view.assets)}")
    if weights.index.has_duplicates:
        raise StrategyError(f"{weights.index[weights.index.duplicated()][0]} has more than one weight")
    aligned = pd.Series(values, weights.index).reindex(list(view.assets), fill_value=0.0)
    return check_finite(np.asarray(aligned, dtype=float), view)


def check_finite(values: Floats, view: MarketView) -> Floats:
    """Return `values` if all are finite.

    Raises:
        StrategyError: a value is not finite.
    """
    if not np.isfinite(values).all():
        bad = view.assets[int(np.flatnonzero(~np.isfinite(values))[0])]
        raise StrategyError(f"the weight of {bad} is not a finite number")
    return values
