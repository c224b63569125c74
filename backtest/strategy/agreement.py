"""Check that a strategy gives the same weights for many dates together as for each date alone.

`target_weights` defines the weights of a strategy, and `target_weights_many` may compute them for many dates together.
If a subclass overrides only `target_weights`, an inherited `target_weights_many` does not know about it and is not
used. If `target_weights_many` is used, some dates are also computed separately: by `target_weights`, and in a stack of
views that ends at the date. A row that depends on later views differs from both. The separate calls come first, in the
order of their dates, so that anything a strategy stores (in a module, or in itself) does not contain later views.
"""

import numpy as np

from backtest.errors import StrategyError
from backtest.numerics.arrays import Bools, Floats
from backtest.strategy.base import Strategy
from backtest.strategy.view import MarketViews

TOLERANCE = 1e-6  # of NAV, or of a weight above 1; optimisers stop within 1e-8
SAMPLED = 6  # dates in addition to the first and the last
ASSETS_IN_MESSAGES = 6
_GOLDEN = (np.sqrt(5) - 1) / 2


def answers_together(strategy: Strategy) -> bool:
    """Return whether `target_weights_many` is overridden in the same class as `target_weights` or in a subclass of it.

    Example:
        >>> import pandas as pd
        >>> class Fixed(Strategy):
        ...     '''Answers for many dates together.'''
        ...     def target_weights(self, view):
        ...         return pd.Series(0.5, index=list(view.assets))
        ...     def target_weights_many(self, views):
        ...         return np.full((len(views), len(views.assets)), 0.5)
        >>> class Half(Fixed):
        ...     '''Half of these weights, for one date at a time.'''
        ...     def target_weights(self, view):
        ...         return super().target_weights(view) / 2
        >>> answers_together(Fixed()), answers_together(Half())
        (True, False)
    """
    for owner in type(strategy).__mro__:
        if "target_weights_many" in vars(owner):
            return owner is not Strategy
        if "target_weights" in vars(owner):
            return False
    return False


def ask_together(strategy: Strategy, views: MarketViews) -> Floats:
    """Return the weights of all dates of a stack, by the strategy's own `target_weights_many` or one date at a time."""
    if answers_together(strategy):
        weights, expected = strategy.target_weights_many(views), (len(views), len(views.assets))
        try:
            numbers = np.asarray(weights, dtype=float)
        except (TypeError, ValueError) as problem:
            kind = type(weights).__name__
            raise StrategyError(f"target_weights_many returned a {kind}; expected numbers, {expected}") from problem
        if numbers.shape != expected:
            raise StrategyError(f"target_weights_many returned shape {numbers.shape}; expected {expected}")
        return numbers
    return Strategy.target_weights_many(strategy, views)


def sampled_dates(count: int) -> list[int]:
    """Return the positions of the dates that are checked: the first, the last, and some in between.

    Steps of the golden section spread them evenly for any count, and independently of any calendar.

    >>> sampled_dates(3), sampled_dates(300)[:4]
    ([0, 1, 2], [0, 27, 70, 141])
    """
    between = {int(count * (k * _GOLDEN % 1)) for k in range(1, SAMPLED + 1)}
    return sorted({0, count - 1, *between})


def check_agreement(views: MarketViews, row: Floats, alone: Floats, until: Floats) -> None:
    """Check a row of `target_weights_many` against the weights of its date from two other calls.

    Args:
        views: the views passed to `target_weights_many`.
        row: (n,) its weights for the date.
        alone: (n,) weights from `target_weights`.
        until: (n,) weights from `target_weights_many` for a stack that ends with the view of the date.

    Raises:
        StrategyError: the weights differ; the message shows both.
    """
    _compare(row, views, alone, "target_weights")
    _compare(row, views, until, "target_weights_many of this date")


def _compare(row: Floats, views: MarketViews, other: Floats, asked: str) -> None:
    """Raise if a row differs from the weights of another call, named `asked`."""
    off = ~(np.abs(row - other) <= TOLERANCE * np.maximum(1.0, np.abs(other)))
    if off.any():
        raise StrategyError(
            f"target_weights_many of {len(views)} dates returns {_listing(row, off, views.assets)}, but {asked} "
            f"{_listing(other, off, views.assets)}; expected the same weights. Hint: a row may depend only on the view "
            "of its own date; a strategy without its own target_weights_many is called for each date separately"
        )


def _listing(weights: Floats, selected: Bools, assets: tuple[str, ...]) -> str:
    chosen = np.flatnonzero(selected)
    words = ", ".join(f"{assets[i]} {weights[i]:.6g}" for i in chosen[:ASSETS_IN_MESSAGES])
    rest = len(chosen) - ASSETS_IN_MESSAGES
    return f"{words} and {rest} more" if rest > 0 else words
