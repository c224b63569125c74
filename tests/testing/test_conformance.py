"""The conformance suites accept honest classes, and each rule catches a class that breaks it."""

import itertools
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.data.raw_series import RawSeries
from backtest.errors import UnknownSeries
from backtest.estimation.methods.sample_covariance import Sample
from backtest.testing.check_source import SOURCE_RULES
from backtest.testing.estimator_rules import ESTIMATOR_RULES
from backtest.testing.strategy_rules import STRATEGY_RULES

COUNT = itertools.count()


class Momentum(bt.Strategy):
    """More of past winners, with at most half a year of history."""

    def target_weights(self, view: bt.MarketView) -> Any:
        """Return weights by past returns."""
        past = (1 + view.last("6M").returns[list(view.assets)]).prod()
        return 0.2 + 0.1 * (past - past.mean())


class Random(Momentum):
    """Other weights each time."""

    def target_weights(self, view: bt.MarketView) -> Any:
        """Return weights by chance."""
        return {view.assets[0]: 0.1 + 0.001 * next(COUNT)}


class FirstAsset(Momentum):
    """All in the first asset."""

    def target_weights(self, view: bt.MarketView) -> Any:
        """Return weights by position."""
        return {view.assets[0]: 1.0}


class ByPrice(Momentum):
    """More of what has a high price."""

    def target_weights(self, view: bt.MarketView) -> Any:
        """Return weights by price."""
        prices = view.prices.iloc[-1][list(view.assets)]
        return prices / prices.sum()


class Manifold(Momentum):
    """Other weights for many dates than for one."""

    def target_weights_many(self, views: Any) -> Any:
        """Return weights of all dates."""
        return np.full((len(views), len(views.assets)), 0.1)


class Shared(Momentum):
    """The same object each time."""

    kept: ClassVar[pd.Series] = pd.Series(0.2, index=["spx", "ust", "gold", "oil", "eafe"])

    def target_weights(self, view: bt.MarketView) -> Any:
        """Return the object that is kept."""
        return self.kept if set(view.assets) == set(self.kept.index) else {view.assets[0]: 0.2}


class Changeable(Momentum):
    """Settings that change during a run."""

    share: float = 0.5

    def __setattr__(self, name: str, value: object) -> None:
        """Set anything."""
        object.__setattr__(self, name, value)


@pytest.mark.parametrize(
    ("strategy", "rule"),
    [
        (Random, "the_same_view_has_the_same_weights"),
        (FirstAsset, "the_order_of_assets_does_not_matter"),
        (ByPrice, "the_unit_of_prices_does_not_matter"),
        (Manifold, "many_dates_are_each_date_alone"),
        (Shared, "weights_are_finite_and_not_shared"),
        (Changeable, "settings_are_frozen"),
    ],
)
def test_a_strategy_that_breaks_a_rule_is_caught(strategy: type[bt.Strategy], rule: str) -> None:
    with pytest.raises(bt.testing.BrokenRule) as caught:
        bt.testing.check_strategy(strategy)
    assert str(caught.value).startswith(f"{strategy.__name__}: ")
    assert str(caught.value).endswith(f". Rule: backtest.testing.strategy_rules.{rule}")


def test_a_strategy_that_looks_ahead_is_caught() -> None:
    """It reads a file of the whole market, as a careless strategy does; the file is the market of the moment."""

    class Whole(bt.Strategy):
        def target_weights(self, view: bt.MarketView) -> Any:
            later = markets[-1].loc[view.as_of :, list(view.assets)]
            return 0.2 + 0.1 * (later.iloc[-1] / later.iloc[0] - 1)

    from backtest.testing import strategy_rules

    markets: list[pd.DataFrame] = []
    original = strategy_rules.run_in

    def watched(market: bt.MarketData, strategy: bt.Strategy) -> bt.BacktestResult:
        markets.append(market.prices)
        return original(market, strategy)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strategy_rules, "run_in", watched)
        dates = pd.date_range("2010-01-31", periods=60, freq="ME")
        rng = np.random.default_rng(2)
        prices = pd.DataFrame(np.cumprod(1 + rng.normal(0, 0.03, (60, 2)), axis=0), dates, ["a", "b"])
        markets.append(prices)
        with pytest.raises(
            bt.testing.BrokenRule, match=r"it looks ahead: other values after .* change .*target_weights"
        ):
            strategy_rules.later_data_changes_nothing(Whole(), bt.MarketData.from_prices(prices, cash=0.0))


def test_honest_classes_pass() -> None:
    bt.testing.check_strategy(Momentum)
    bt.testing.check_estimator(Sample(window=30))
    bt.testing.check_source(Prices, "A")


class Late(Sample):
    """A window that reaches one row past its date."""

    def estimate(self, excess_returns: Any, rows: Any, periods_per_year: int) -> Any:
        """Estimate from later returns."""
        later = np.vstack([excess_returns[1:], excess_returns[-1:]])
        return super().estimate(later, rows, periods_per_year)


class Ordered(Sample):
    """A covariance that depends on the order of the assets."""

    def estimate(self, excess_returns: Any, rows: Any, periods_per_year: int) -> Any:
        """Add a variance to the first asset."""
        found = super().estimate(excess_returns, rows, periods_per_year)
        found[:, 0, 0] *= 2
        return found


class Together(Sample):
    """A covariance that depends on the number of dates asked."""

    def estimate(self, excess_returns: Any, rows: Any, periods_per_year: int) -> Any:
        """Scale by the number of dates."""
        return super().estimate(excess_returns, rows, periods_per_year) * len(rows)


class Filled(Sample):
    """Missing returns are zeros."""

    def estimate(self, excess_returns: Any, rows: Any, periods_per_year: int) -> Any:
        """Fill missing returns."""
        return super().estimate(np.nan_to_num(excess_returns), rows, periods_per_year)


class Writing(Sample):
    """It writes into the returns."""

    def estimate(self, excess_returns: Any, rows: Any, periods_per_year: int) -> Any:
        """Forget the first return."""
        found = super().estimate(excess_returns, rows, periods_per_year)
        excess_returns[0] = 0.0
        return found


class Never(Sample):
    """It never has enough returns."""

    def estimate(self, excess_returns: Any, rows: Any, periods_per_year: int) -> Any:
        """Return NaN."""
        return np.nan * super().estimate(excess_returns, rows, periods_per_year)


@pytest.mark.parametrize(
    ("estimator", "rule"),
    [
        (Late, "later_returns_change_nothing"),
        (Ordered, "the_order_of_assets_does_not_matter"),
        (Together, "later_dates_change_nothing"),
        (Filled, "an_asset_without_returns_is_left_out"),
        (Writing, "arguments_are_not_modified"),
        (Never, "full_windows_have_a_covariance"),
    ],
)
def test_an_estimator_that_breaks_a_rule_is_caught(estimator: type[bt.Estimator], rule: str) -> None:
    with pytest.raises(bt.testing.BrokenRule) as caught:
        bt.testing.check_estimator(estimator)
    assert str(caught.value).startswith(f"{estimator.__name__}: ")
    assert str(caught.value).endswith(f". Rule: backtest.testing.estimator_rules.{rule}")


class Prices(bt.Source):
    """Two years of days."""

    def fetch(self, symbol: str, since: Any, seconds: float) -> RawSeries:  # noqa: ARG002
        """Return levels."""
        if len(symbol) > 3:
            raise UnknownSeries(f"{symbol}: unknown")
        dates = pd.date_range("2020-01-01", periods=500, name="date")
        values = pd.DataFrame({"level": 1.0 + np.arange(500)}, index=dates)
        return RawSeries(values if since is None else values.loc[pd.Timestamp(since) :], symbol, "levels")


class Adjusted(Prices):
    """Levels that begin at 1 on the first date asked."""

    def fetch(self, symbol: str, since: Any, seconds: float) -> RawSeries:
        """Return rescaled levels."""
        raw = super().fetch(symbol, since, seconds)
        return RawSeries(raw.values / raw.values.iloc[0], symbol, "levels")


class Changing(Prices):
    """Other values each time."""

    def fetch(self, symbol: str, since: Any, seconds: float) -> RawSeries:
        """Return changing levels."""
        raw = super().fetch(symbol, since, seconds)
        return RawSeries(raw.values + next(COUNT), symbol, "levels")


class Backwards(Prices):
    """Dates that fall."""

    def fetch(self, symbol: str, since: Any, seconds: float) -> RawSeries:
        """Return reversed levels."""
        return RawSeries(super().fetch(symbol, since, seconds).values[::-1], symbol, "levels")


class Anything(Prices):
    """An answer for each symbol."""

    def fetch(self, symbol: str, since: Any, seconds: float) -> RawSeries:
        """Return levels of any symbol."""
        return super().fetch(symbol[:1], since, seconds)


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (Adjusted, "since_changes_no_value"),
        (Changing, "same_question_same_answer"),
        (Backwards, "answers_are_series"),
        (Anything, "unknown_symbols_are_errors"),
    ],
)
def test_a_source_that_breaks_a_rule_is_caught(source: type[bt.Source], rule: str) -> None:
    with pytest.raises(bt.testing.BrokenRule, match=rf"^{source.__name__}: .*\. Rule: .*check_source\.{rule}$"):
        bt.testing.check_source(source, "A")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (int, "int does not extend bt.Strategy; expected a class or an object that does"),
        (bt.Strategy, "Strategy has no target_weights; expected that method"),
        ("erc", "str does not extend bt.Strategy"),
    ],
)
def test_what_is_not_a_strategy_is_refused(given: Any, message: str) -> None:
    with pytest.raises(bt.testing.BrokenRule, match=message):
        bt.testing.check_strategy(given)


class Failing(Momentum):
    """A strategy with a mistake."""

    def target_weights(self, view: bt.MarketView) -> Any:
        """Fail."""
        return dict[str, float]()[view.assets[0]]


class Needy(Momentum):
    """A setting without a default."""

    share: float


class Unpicklable(Momentum):
    """A strategy that another process cannot have."""

    def __reduce__(self) -> Any:
        """Refuse."""
        raise TypeError("not picklable")


def test_other_failures_name_the_class_and_its_line() -> None:
    with pytest.raises(bt.testing.BrokenRule, match=r"^Failing: .*test_conformance\.py:\d+: .*KeyError: 'spx'"):
        bt.testing.check_strategy(Failing)
    with pytest.raises(bt.testing.BrokenRule, match="Needy: no defaults for all settings, so pass an object: "):
        bt.testing.check_strategy(Needy)
    with pytest.raises(bt.testing.BrokenRule, match="it cannot be pickled, so not run in another process"):
        bt.testing.check_strategy(Unpicklable)


def test_there_are_rules() -> None:
    """If the suites were empty, the tests of the shipped classes would pass."""
    assert (len(STRATEGY_RULES), len(ESTIMATOR_RULES), len(SOURCE_RULES)) == (8, 7, 4)
