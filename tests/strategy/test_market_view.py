"""Views of a market: they end at their date, cannot be written into, and report what is missing."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.config import load_config
from backtest.data.market_data import load
from backtest.errors import InsufficientHistory, StrategyError
from backtest.runs.decide.decision_settings import DecisionSettings, ask_on
from backtest.strategy import MarketView, Strategy
from support.builders.market_files import write_csv
from support.strategies.shipped_strategies import CLASSES, asked, configuration, market


def handed_out(view: MarketView) -> Iterator[tuple[str, pd.Series | pd.DataFrame]]:
    """Yield every pandas object of a view; they are found by inspecting the class, not from a list."""
    for name, member in inspect.getmembers(type(view)):
        if name.startswith("_") or not (isinstance(member, property) or hasattr(member, "attrname")):
            continue
        try:
            value = getattr(view, name)
        except (StrategyError, InsufficientHistory):  # current weights are not available here
            continue
        if isinstance(value, pd.Series | pd.DataFrame):
            yield name, value


@pytest.fixture
def some_views(tmp_path: Path) -> list[MarketView]:
    _, batch = asked(tmp_path, "erc", {})
    held = np.full(len(CLASSES), 0.2)
    return [batch.view(k, held) for k in (0, 5, len(batch.rows) - 2)]


WANTED = {"prices", "returns", "excess_returns", "cash_returns", "covariance", "volatility", "current_weights"}


def test_a_view_ends_at_its_date(some_views: list[MarketView]) -> None:
    """Dated values of a view end at `as_of`, its arrays end there too, and its values equal the market's.

    Following the arrays' `base` leads to no array that is longer than the past.
    """
    prices = market()
    for view in some_views:
        found = dict(handed_out(view))
        assert set(found) >= WANTED
        past = prices.loc[: view.as_of]
        assert view.as_of == past.index[-1]
        for name, value in found.items():
            if isinstance(value.index, pd.DatetimeIndex):
                assert value.index.equals(pd.DatetimeIndex(past.index)), name
            array: Any = value.to_numpy()
            while array is not None:
                assert np.size(array) <= value.size, f"{name} is a window onto a longer array"
                array = getattr(array, "base", None)
        assert found["prices"].to_numpy().tolist() == past[list(view.assets)].to_numpy().tolist()
        returns = past.pct_change(fill_method=None)
        np.testing.assert_array_equal(found["returns"], returns[list(view.assets)])
        np.testing.assert_array_equal(found["cash_returns"], returns["bills"])
        np.testing.assert_array_equal(found["excess_returns"], returns[list(view.assets)].sub(returns["bills"], axis=0))
        window = view.excess_returns.iloc[-20:]
        np.testing.assert_allclose(found["covariance"], np.cov(window.to_numpy().T), rtol=1e-12, atol=1e-20)
        np.testing.assert_allclose(found["volatility"], np.sqrt(252 * window.var()), rtol=1e-12)


def test_a_view_cannot_be_written_into(some_views: list[MarketView]) -> None:
    """Writing fails by label, by position and in the array itself, because views of other dates share the same data."""
    for name, value in handed_out(some_views[1]):
        first = (0,) * value.ndim
        with pytest.raises(ValueError, match="read-only"):
            value.iloc[first] = 1.0  # type: ignore[call-overload,index]
        with pytest.raises(ValueError, match="read-only"):
            value.loc[value.index[0]] = 1.0
        with pytest.raises(ValueError, match="read-only"):
            value.to_numpy()[first] = 1.0
        assert not value.to_numpy().flags.writeable, name


def test_no_array_of_a_view_leads_past_its_date(some_views: list[MarketView]) -> None:
    """No private array of a view is a slice of a longer one, through which later values could be read."""
    for view in some_views:
        for name, value in vars(view).items():
            if isinstance(value, np.ndarray):
                assert value.base is None, name
                assert not value.flags.writeable, name
                assert len(value) <= len(view.prices), name


def test_a_strategy_cannot_change_a_view(some_views: list[MarketView]) -> None:
    """New attributes are refused, and a column added to a table does not appear in the next one."""
    view = some_views[1]
    with pytest.raises(AttributeError):
        view.assets = ("bond",)  # type: ignore[misc]
    table = view.prices
    table["more"] = 1.0
    assert list(view.prices.columns) == list(view.assets)


def test_the_classes_cannot_be_written_into(some_views: list[MarketView]) -> None:
    """All views of a run share one mapping; a strategy that could write into it could store information there."""
    view = some_views[1]
    with pytest.raises(TypeError):
        view.classes["spx"] = "bonds"  # type: ignore[index]
    assert some_views[2].classes["spx"] == "equities"


def test_a_view_without_a_full_window_raises_an_error(tmp_path: Path) -> None:
    """Until the window is full there is no covariance, and no smaller window replaces it; the error names the date."""
    write_csv(market(), tmp_path / "market.csv")
    config = load_config(configuration(tmp_path, "equal_weight", {}))
    data = load(config.data, tmp_path)
    view = ask_on([19, 20], DecisionSettings.of(config), data, None).view(0)
    for name in ("covariance", "volatility"):
        with pytest.raises(InsufficientHistory, match=f"{data.dates[19]:%Y-%m-%d}"):
            getattr(view, name)
    assert ask_on([19, 20], DecisionSettings.of(config), data, None).view(1).covariance.notna().all(axis=None)


@pytest.mark.parametrize("window", [1, 12, "1M", "30D"])
def test_the_last_periods_of_a_view_are_its_last_rows(some_views: list[MarketView], window: int | str) -> None:
    """They begin with a return, belong to the view, and end at its date."""
    for view in some_views[1:]:
        rows = {"1M": 21, "30D": 30}.get(str(window), window)
        last = view.last(window)
        assert (last.as_of, last.assets, len(last.returns)) == (view.as_of, view.assets, rows)
        for name in ("prices", "returns", "excess_returns", "cash_returns"):
            assert getattr(last, name).equals(getattr(view, name).iloc[-int(rows) :])
            assert getattr(last, name).to_numpy().base is None or not getattr(last, name).to_numpy().flags.writeable
        assert last.returns.notna().all(axis=None)
        assert last.covariance.equals(view.covariance)


def test_too_few_periods_are_a_view_without_enough_history(some_views: list[MarketView]) -> None:
    """The first row of prices has no return, so it is not a period."""
    view = some_views[0]
    known = len(view.returns) - 1
    assert len(view.last(known).returns) == known
    with pytest.raises(
        InsufficientHistory, match=rf"^{known} periods with all returns up to .*, expected {known + 1} \("
    ):
        view.last(known + 1)


def test_a_dictionary_of_weights_is_a_series_of_them() -> None:
    class Calmest(Strategy):
        def target_weights(self, view: MarketView) -> dict[str, float]:
            return {str(view.last("3Y").returns.std().idxmin()): 0.5}

    class Same(Strategy):
        def target_weights(self, view: MarketView) -> pd.Series:
            return pd.Series({view.last("3Y").returns.std().idxmin(): 0.5})

    one, other = (bt.run("configs/erc.yaml", {"strategy": strategy}) for strategy in (Calmest, Same))
    assert one.target_weights.equals(other.target_weights)
    assert one.nav.index[0] == pd.Timestamp("1989-01-31")
