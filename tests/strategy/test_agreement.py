"""`target_weights` defines a strategy, and `target_weights_many` is only a faster way to the same weights.

1. A `target_weights_many` whose rows depend on other dates, or that means something else, is refused. Each case is one
   way to look into later views that the interface has.
2. Differences by rounding are not refused.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from backtest.errors import StrategyError
from backtest.strategy.agreement import sampled_dates
from support.strategies.own_strategies import run_own

# --------------------------------------------------------------------------------- what is not the same is refused

EQUAL = """
class Mine(Strategy):
    '''Equal weights for one date, and something else for many.'''
    def target_weights(self, view):
        return pd.Series(1 / len(view.assets), index=list(view.assets))
"""
REFUSED = {
    "the last view": """
    def target_weights_many(self, views):
        tilt = views[len(views) - 1].returns.iloc[-5:].mean().to_numpy()
        return np.tile(0.25 + tilt, (len(views), 1))
""",
    "the next view": """
    def target_weights_many(self, views):
        later = [views[min(k + 1, len(views) - 1)].returns.iloc[-1].to_numpy() for k in range(len(views))]
        return 1 / len(views.assets) + np.array(later)
""",
    "a slice of later views": """
    def target_weights_many(self, views):
        return np.array([1 / len(views.assets) + views[k:][-1].returns.iloc[-1].to_numpy() for k in range(len(views))])
""",
    "the prices of the last view, cut at another date": """
    def target_weights_many(self, views):
        prices, rows = views[len(views) - 1].prices, []
        for view in views:
            at = min(prices.index.get_loc(view.as_of) + 1, len(prices) - 1)
            rows.append((prices.iloc[at] / prices.iloc[at - 1]).to_numpy() / 3)
        return np.array(rows)
""",
    "only on one date in the middle": """
    def target_weights_many(self, views):
        found = np.full((len(views), len(views.assets)), 1 / len(views.assets))
        found[len(views) // 3 : len(views) // 2] *= 1.01
        return found
""",
}
OF_COVARIANCES = {
    "the next covariance": """
class Mine(ERC):
    '''ERC by the next covariance.'''
    def target_weights_many(self, views):
        found = super().target_weights_many(views)
        return np.vstack([found[1:], found[-1:]])
""",
    "the mean of all covariances": """
class Mine(LeveredERC):
    '''ERC levered by one constant, the volatility of the whole sample.'''
    def target_weights_many(self, views):
        weights = super().target_weights_many(views)
        weights /= weights.sum(axis=1, keepdims=True)
        volatility = np.sqrt(views.periods_per_year) * portfolio_volatility(weights, views.covariance)
        return weights * self.target_volatility / volatility.mean()
""",
    "half of many alone": """
class Mine(ERC):
    '''Half of ERC, for many dates only.'''
    def target_weights_many(self, views):
        return super().target_weights_many(views) / 2
""",
    "many above a method for one that it ignores": """
class _Half(ERC):
    '''Half of ERC.'''
    def target_weights(self, view):
        return super().target_weights(view) / 2
class Mine(_Half):
    '''ERC for many dates.'''
    def target_weights_many(self, views):
        return super().target_weights_many(views)
""",
    "a shipped class between that passes a method for one over": """
class _Half(ERC):
    '''Half of ERC.'''
    def target_weights(self, view):
        return super().target_weights(view) / 2
class _AsItIs:
    '''No leverage.'''
    def scale_one(self, weights, view):
        return weights
    def scale(self, weights, views):
        return weights
class Mine(LeveredERC, _Half):
    '''Levered, of half or of the whole?'''
    def _leverage(self):
        return _AsItIs()
""",
}


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("way", [*REFUSED, *OF_COVARIANCES])
def test_rows_that_depend_on_other_dates_or_mean_something_else_are_refused(
    tmp_path: Path, way: str, ragged: bool
) -> None:
    code = EQUAL + REFUSED[way] if way in REFUSED else OF_COVARIANCES[way]
    pattern = (
        r"Mine on \d{4}-\d\d-\d\d: target_weights_many of \d+ dates returns \w+ [-\d.e]+.*, but target_weights \w+ "
    )
    with pytest.raises(StrategyError, match=pattern):
        run_own(tmp_path, code, ragged=ragged)


KEEPING = {
    "by date, in a module": """
KEPT = {}
class Mine(Strategy):
    '''By the last view of the first stack, for one date by what was kept.'''
    def target_weights(self, view):
        return KEPT.get(view.as_of, pd.Series(0.25, index=list(view.assets)))
    def target_weights_many(self, views):
        tilt = views[len(views) - 1].returns.iloc[-5:].mean()
        for date in views.as_of:
            KEPT.setdefault(date, 0.25 + tilt)
        return np.tile((0.25 + tilt).to_numpy(), (len(views), 1))
""",
    "by date, in the strategy": """
class Mine(Strategy):
    '''By the last view of each stack, for one date by what was kept.'''
    _kept: dict = PrivateAttr(default_factory=dict)
    def target_weights(self, view):
        return self._kept.get(view.as_of, pd.Series(0.25, index=list(view.assets)))
    def target_weights_many(self, views):
        tilt = 0.25 + views[len(views) - 1].returns.iloc[-5:].mean()
        self._kept.update(dict.fromkeys(views.as_of, tilt))
        return np.tile(tilt.to_numpy(), (len(views), 1))
""",
    "of the last stack, in the strategy": """
class Mine(Strategy):
    '''By the prices of the last stack that was shown, whose next rows both methods look into.'''
    _kept: list = PrivateAttr(default_factory=list)
    def target_weights(self, view):
        prices = self._kept[0] if self._kept and view.as_of in self._kept[0].index else view.prices
        at = min(prices.index.get_loc(view.as_of) + 1, len(prices) - 1)
        return prices.iloc[at] / prices.iloc[at - 1] / 3
    def target_weights_many(self, views):
        self._kept[:] = [views[len(views) - 1].prices]
        return np.array([self.target_weights(view) for view in views])
""",
    "of the longest stack, in a module": """
KEPT = []
class Mine(Strategy):
    '''By the longest history that was ever shown, whose next rows both methods look into.'''
    def target_weights(self, view):
        prices = max([view.prices, *KEPT], key=len)
        at = min(prices.index.get_loc(view.as_of) + 1, len(prices) - 1)
        return prices.iloc[at] / prices.iloc[at - 1] / 3
    def target_weights_many(self, views):
        KEPT.append(views[len(views) - 1].prices)
        return np.array([self.target_weights(view) for view in views])
""",
}


@pytest.mark.parametrize("way", KEEPING)
def test_answers_kept_from_a_look_ahead_do_not_hide_it(tmp_path: Path, way: str) -> None:
    """Both methods agree once one stores what the other saw, so single dates are asked before later views."""
    with pytest.raises(StrategyError, match=r"target_weights_many of \d+ dates returns .*, but target_weights "):
        run_own(tmp_path, KEEPING[way])


def test_the_message_shows_both_answers(tmp_path: Path) -> None:
    """The message has the strategy, the date, both answers, what was expected, and what to do."""
    code = (
        EQUAL
        + "    def target_weights_many(self, views):\n        return np.tile([0.5, 0.25, 1 / 3], (len(views), 1))\n"
    )
    with pytest.raises(StrategyError) as caught:
        run_own(tmp_path, code)
    assert re.fullmatch(
        r"Mine on 2018-11-22: target_weights_many of 20 dates returns spx 0\.5, ust 0\.25, but target_weights "
        r"spx 0\.333333, ust 0\.333333; expected the same weights\. Hint: a row may depend only on the view of its own "
        r"date; a strategy without its own target_weights_many is called for each date separately",
        str(caught.value),
    )


def test_an_error_of_the_method_for_one_date_is_placed_in_its_file(tmp_path: Path) -> None:
    code = """
class Mine(Strategy):
    '''Fails for one date alone, later than the first.'''
    def target_weights(self, view):
        if len(view.prices) > 60:
            raise KeyError("lost")
        return pd.Series(0.25, index=list(view.assets))
    def target_weights_many(self, views):
        return np.full((len(views), len(views.assets)), 0.25)
"""
    with pytest.raises(StrategyError, match=r"mine\.py:\d+: Mine on \d{4}-\d\d-\d\d: KeyError: 'lost'"):
        run_own(tmp_path, code)


# ---------------------------------------------------------------------------------------------- rounding is no fault


def test_differences_within_the_precision_of_an_optimiser_are_not_refused(tmp_path: Path) -> None:
    """Weights that differ by 1e-7, as two optimisers' answers do, count as the same."""
    code = """
class Mine(ERC):
    '''Differs slightly when it is asked for many dates.'''
    def target_weights_many(self, views):
        return super().target_weights_many(views) + 1e-7
"""
    assert len(run_own(tmp_path, code).nav) > 50


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 240, 5000])
def test_sampled_dates_include_both_ends_and_leave_no_long_gap(count: int) -> None:
    """Golden-section steps: no gap between 6 points on a circle exceeds twice the mean gap."""
    dates = sampled_dates(count)
    assert dates[0] == 0
    assert dates[-1] == count - 1
    assert max(np.diff(dates), default=0) <= max(2 * count / 6, 1)
