"""`check_strategy`: conformance suite of a strategy."""

import numpy as np
import pandas as pd

from backtest.data.market_data import MarketData
from backtest.strategy import Strategy
from backtest.testing.rules import check_rules, instance_of
from backtest.testing.same_pickled import pickles
from backtest.testing.strategy_rules import STRATEGY_RULES

_CLASSES = {"spx": "equities", "ust": "bonds", "gold": "commodities", "oil": "commodities", "eafe": "equities"}
_VOLATILITIES = np.array([0.16, 0.06, 0.15, 0.3, 0.2])  # a year
_MONTHS = 120


def check_strategy(strategy: type[Strategy] | Strategy, market: MarketData | None = None) -> None:
    """Check that a strategy follows the rules of all strategies, by asking it and by running it several times.

    Weights are finite and depend on the view alone: not on later data, on earlier questions, on the order of the
    assets, or on the unit of prices. Settings are frozen, assets may join and leave, and the object can be pickled.

    Args:
        strategy: the class, if all its settings have defaults, or an object.
        market: market in which it is asked; by default ten synthetic years of months of five assets, `spx` and `eafe`
            (equities), `ust` (bonds), `gold` and `oil` (commodities).

    Raises:
        BrokenRule: a rule is broken; the message names it.

    Example:
        >>> class Calmest(Strategy):
        ...     '''Half in the calmest asset.'''
        ...     share: float = 0.5
        ...     def target_weights(self, view):
        ...         return {view.volatility.idxmin(): self.share}
        >>> check_strategy(Calmest(share=0.4))
        >>> seen = {}
        >>> class Remembers(Calmest):
        ...     def target_weights(self, view):
        ...         seen[view.as_of] = len(seen)
        ...         return {view.assets[len(seen) % 2]: self.share}
        >>> check_strategy(Remembers)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        backtest.errors.BrokenRule: Remembers: ...Rule: backtest.testing.strategy_rules...
    """
    checked = instance_of(strategy, Strategy)
    check_rules((*STRATEGY_RULES, pickles), checked, synthetic_market() if market is None else market)


def synthetic_market() -> MarketData:
    """Return monthly prices of five slightly correlated assets, and cash at 2 % a year."""
    rng = np.random.default_rng(11)
    dates = pd.date_range("2010-01-31", periods=_MONTHS, freq="ME")
    shocks = rng.standard_normal((_MONTHS, len(_CLASSES))) + 0.4 * rng.standard_normal((_MONTHS, 1))
    returns = 0.04 / 12 + np.clip(shocks, -4, 4) * _VOLATILITIES / np.sqrt(12)
    prices = pd.DataFrame(100 * np.cumprod(1 + returns, axis=0), index=dates, columns=list(_CLASSES))
    return MarketData.from_prices(prices, cash=0.02, classes=_CLASSES)
