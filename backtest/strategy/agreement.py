"""Agreement of two methods: a strategy has to answer the same for many dates together as for each alone.

`target_weights` says what a strategy holds, and `target_weights_many` may work that out for many dates together. Where
a subclass overrides `target_weights` alone, an inherited `target_weights_many` knows nothing of it and is not used.
Where `target_weights_many` is used, some dates are asked for besides: by `target_weights`, and in a stack of views that
ends at the date. A row that depends on later views differs from both. These questions come first, in the order of their
dates: what a strategy keeps of an answer (in a module, or in itself) then holds nothing of later views.
"""

import numpy as np

from backtest.errors import StrategyError
from backtest.numerics.arrays import Bools, Floats
from backtest.strategy.base import Strategy
from backtest.strategy.view import MarketViews

TOLERANCE = 1e-6  # of NAV, or of a larger weight: optimisers stop within 1e-8
SAMPLED = 6  # dates besides the first and the last
ASSETS_IN_MESSAGES = 6
_GOLDEN = (np.sqrt(5) - 1) / 2


def answers_together(strategy: Strategy) -> bool:
    """Return whether `target_weights_many` is the strategy's own: overridden, and not further up than `target_weights`.

    Example:
        >>> import pandas as pd
        >>> class Fixed(Strategy):
        ...     '''Answers for many dates together.'''
        ...     def target_weights(self, view):
        ...         return pd.Series(0.5, index=list(view.assets))
        ...     def target_weights_many(self, views):
        ...         return np.full((len(views), len(views.assets)), 0.5)
        >>> class Half(Fixed):
        ...     '''Half of it, for one date alone.'''
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
    """Ask for all dates of a stack: by `target_weights_many` where that is the strategy's own, else one by one."""
    if answers_together(strategy):
        return np.asarray(strategy.target_weights_many(views), dtype=float)
    return Strategy.target_weights_many(strategy, views)


def sampled_dates(count: int) -> list[int]:
    """Positions of the dates that are asked for again: the first, the last, and some between.

    The steps of the golden section keep them apart for any count, and off any calendar.

    >>> sampled_dates(3), sampled_dates(300)[:4]
    ([0, 1, 2], [0, 27, 70, 141])
    """
    between = {int(count * (k * _GOLDEN % 1)) for k in range(1, SAMPLED + 1)}
    return sorted({0, count - 1, *between})


def check_agreement(views: MarketViews, row: Floats, alone: Floats, until: Floats) -> None:
    """Check a row of `target_weights_many` against what was answered for its date by other ways.

    Args:
        views: the views that `target_weights_many` was given.
        row: (n,) its answer for the date.
        alone: (n,) answer of `target_weights`.
        until: (n,) answer of `target_weights_many` for a stack that ends with the view of the date.

    Raises:
        StrategyError: the answers differ; the message shows both.
    """
    _compare(row, views, alone, "target_weights")
    _compare(row, views, until, "target_weights_many of this date")


def _compare(row: Floats, views: MarketViews, other: Floats, asked: str) -> None:
    """Raise if a row differs from the answer of another call, `asked`."""
    off = ~(np.abs(row - other) <= TOLERANCE * np.maximum(1.0, np.abs(other)))
    if off.any():
        raise StrategyError(
            f"target_weights_many of {len(views)} dates answers {_listing(row, off, views.assets)}, and {asked} "
            f"{_listing(other, off, views.assets)}; expected the same weights. Hint: a row may depend on the view of "
            "its own date alone; without a target_weights_many of its own, a strategy is asked for each date"
        )


def _listing(weights: Floats, which: Bools, assets: tuple[str, ...]) -> str:
    chosen = np.flatnonzero(which)
    words = ", ".join(f"{assets[i]} {weights[i]:.6g}" for i in chosen[:ASSETS_IN_MESSAGES])
    rest = len(chosen) - ASSETS_IN_MESSAGES
    return f"{words} and {rest} more" if rest > 0 else words
