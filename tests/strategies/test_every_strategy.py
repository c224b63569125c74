"""Contract of every strategy: each check runs for each strategy that is found, so a new file is checked as well.

A strategy is a frozen model of settings and a function of what could be known. From this follow, for any strategy: it
does not depend on the order of assets, on the unit of prices, on having been asked before, or on how many dates it is
asked for at once; and there is no way from its view to anything later, or to write into what others will see.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import backtest as bt
from backtest.config import load_config
from backtest.data.load import load
from backtest.errors import InsufficientHistory, StrategyError
from backtest.runs import plan as planning
from backtest.strategy import MarketView, MarketViews, Strategy
from backtest.strategy.base import aligned_weights
from backtest.strategy.decisions import ViewBatch
from backtest.strategy.discovery import find_strategy, strategy_files
from support.builders.market_files import dates_of, random_levels, write_config, write_csv, write_strategy
from support.oracle import oracle

CONFIGS = Path(__file__).parents[2] / "configs"
STRATEGIES = sorted(strategy_files(CONFIGS))
"""All that the project ships, found as its configurations find them."""

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "levered_erc": [{}, {"target_volatility": "benchmark"}],
    "minimum_variance": [{}, {"max_weight": 0.6}],
    "hierarchical_risk_parity": [{}, {"linkage": "ward"}],
    "erc_expected_shortfall": [
        {"window": 20, "level": 0.75},
        {"window": 20, "level": 0.75, "distribution": "gaussian"},
    ],
}
"""Settings, the defaults or others, under which a strategy reads something else of its view or needs less history."""
ASKED = [(name, settings) for name in STRATEGIES for settings in SETTINGS.get(name, [{}])]

CLASSES = {"spx": "equities", "ust": "bonds", "gold": "commodities", "oil": "commodities", "eafe": "equities"}
VOLATILITIES = [0.16, 0.06, 0.15, 0.3, 0.2]


# --------------------------------------------------------------------------------------------------- a market to ask in


def market() -> pd.DataFrame:
    """Prices of five assets, and cash, on 120 business days."""
    rng = np.random.default_rng(11)
    dates = dates_of("daily", 120, rng)
    levels = random_levels(dates, [*VOLATILITIES, 0.002], rng)
    return pd.DataFrame(levels, index=dates, columns=[*CLASSES, "bills"])


def configuration(folder: Path, name: str, settings: dict[str, Any], **data: Any) -> Path:
    """A run of a strategy and a 60/40 benchmark on `market.csv` in the folder."""
    shared: dict[str, Any] = {
        "data": {
            "source": "csv",
            "path": "market.csv",
            "cash": "bills",
            "assets": list(CLASSES),
            "classes": CLASSES,
            **data,
        },
        "estimation": {"window": 20},
        "costs": {"trading_bps": 10},
        "financing": {"spread_bps": 50},
        "rebalance": {"frequency": "weekly"},
    }
    write_config(folder / "benchmark.yaml", **shared, strategy={"name": "sixty_forty"})
    return write_config(folder / "run.yaml", **shared, strategy={"name": name, **settings}, benchmark="benchmark.yaml")


def run(folder: Path, prices: pd.DataFrame, name: str, settings: dict[str, Any], **data: Any) -> bt.BacktestResult:
    write_csv(prices, folder / "market.csv")
    return bt.run(configuration(folder, name, settings, **data))


def asked(folder: Path, name: str, settings: dict[str, Any]) -> tuple[Strategy, ViewBatch]:
    """A strategy, and what the run asks it on all rebalance dates from its first on."""
    if not (folder / "market.csv").exists():
        write_csv(market(), folder / "market.csv")
    config = load_config(configuration(folder, name, settings))
    assert config.benchmark is not None
    data = load(config.data, folder)
    benchmark = planning.Plan.of(config.benchmark, load(config.benchmark.data, folder))
    plan = planning.Plan.of(config, data, benchmark)
    return config.strategy.model, planning.ask_on(plan.agenda.rows[plan.first :], config, data, benchmark)


def views_of(strategy: Strategy, batch: ViewBatch) -> list[MarketView]:
    """New views of all dates; a strategy that reads what it holds is shown some holdings."""
    held = np.linspace(0.3, 0.1, len(CLASSES)) if strategy.reads_current_weights else None
    return [batch.view(k, held) for k in range(len(batch.rows))]


@pytest.fixture(scope="module", params=ASKED, ids=lambda choice: "-".join([choice[0], *map(str, choice[1].values())]))
def choice(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """A strategy and its settings."""
    picked: tuple[str, dict[str, Any]] = request.param
    return picked


@pytest.fixture(scope="module")
def strategy_and_questions(
    choice: tuple[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Strategy, ViewBatch]:
    return asked(tmp_path_factory.mktemp("market"), *choice)


# ------------------------------------------------------------------------------------------------------------ the class


def test_there_are_strategies() -> None:
    """Discovery that found nothing would let everything below pass."""
    assert {"erc", "levered_erc", "sixty_forty"} <= set(STRATEGIES)
    assert {path.parent.resolve() for path in strategy_files(CONFIGS).values()} == {CONFIGS.parent / "strategies"}


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_is_a_frozen_model_that_refuses_unknown_settings(name: str) -> None:
    """Settings cannot change under a run, and a misspelt one is not taken for the default in silence."""
    found = find_strategy(name, CONFIGS)
    strategy = found()
    assert found.model_config.get("frozen")
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        found.model_validate({"no_such_setting": 1})
    for setting in found.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(strategy, setting, None)
    assert find_strategy(name, CONFIGS)() == strategy, "equal settings are equal strategies"


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_says_what_it_is_in_one_line(name: str) -> None:
    """The command line lists the first lines of docstrings; every setting is explained, here or in the base."""
    found = find_strategy(name, CONFIGS)
    own = found.__dict__.get("__doc__")
    assert own, "a docstring of its own, not the base's"
    first, *rest = inspect.cleandoc(own).splitlines()
    assert 10 <= len(first) <= 120
    assert first.endswith((".", ")"))
    assert not rest or rest[0] == "", "one line, then a blank one"
    documented = " ".join(inspect.getdoc(base) or "" for base in found.__mro__ if issubclass(base, Strategy))
    assert [setting for setting in found.model_fields if f"`{setting}`" not in documented] == []
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name), "the name that configurations write"


# ---------------------------------------------------------------------------------------------------------- the answers


def test_all_dates_at_once_are_each_date_alone(strategy_and_questions: tuple[Strategy, ViewBatch]) -> None:
    """`target_weights_many` is `target_weights` for each: to 1e-12, as sums may be taken in another order.

    A difference would make what a run holds depend on how fast it was asked.
    """
    strategy, batch = strategy_and_questions
    views = views_of(strategy, batch)
    alone = np.stack([aligned_weights(strategy.target_weights(view), view, "x") for view in views])
    together = strategy.target_weights_many(MarketViews(views_of(strategy, batch)))
    assert together.shape == (len(views), len(CLASSES))
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)


def test_it_is_stateless(strategy_and_questions: tuple[Strategy, ViewBatch]) -> None:
    """The same view gives the same bits: asked again, on new views, backwards, and after any other date."""
    strategy, batch = strategy_and_questions

    def bits(views: list[MarketView]) -> list[bytes]:
        return [aligned_weights(strategy.target_weights(view), view, "x").tobytes() for view in views]

    views = views_of(strategy, batch)
    first = bits(views)
    assert bits(views) == first
    assert bits(views_of(strategy, batch)[::-1])[::-1] == first
    together = strategy.target_weights_many(MarketViews(views))
    assert strategy.target_weights_many(MarketViews(views_of(strategy, batch))).tobytes() == together.tobytes()
    later = strategy.target_weights_many(MarketViews(views_of(strategy, batch)[7:]))
    assert later.tobytes() == together[7:].tobytes(), "what is asked along with a date is none of its business"


def test_its_weights_are_finite_and_its_own(strategy_and_questions: tuple[Strategy, ViewBatch]) -> None:
    """Finite numbers by asset, in a new array each time: writing into an answer changes nothing that comes later."""
    strategy, batch = strategy_and_questions
    view = views_of(strategy, batch)[3]
    answer = strategy.target_weights(view)
    assert isinstance(answer, pd.Series)
    assert set(answer.index) <= set(view.assets)
    values = answer.to_numpy(dtype=float, copy=True)
    assert np.isfinite(values).all()
    together = strategy.target_weights_many(MarketViews(views_of(strategy, batch)))
    assert np.isfinite(together).all()
    together[:] = 77.0
    answer.iloc[:] = 77.0
    assert strategy.target_weights(view).to_numpy().tolist() == values.tolist()


def test_the_order_of_assets_does_not_matter(choice: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    """The assets of the configuration in any order: the same run to 1e-10 (other sums, and the solver's 1e-12)."""
    straight = run(tmp_path, market(), *choice)
    order = ["gold", "eafe", "spx", "oil", "ust"]
    other = run(tmp_path, market(), *choice, assets=order)
    assert list(other.weights.columns) == order
    np.testing.assert_allclose(other.nav, straight.nav, rtol=1e-10)
    for name in ("weights", "target_weights", "trades", "risk_contributions", "contributions"):
        table, wanted = getattr(other, name), getattr(straight, name)
        assert table.index.equals(wanted.index), name
        np.testing.assert_allclose(table[wanted.columns], wanted, rtol=0, atol=1e-10, err_msg=name)
    assert other.benchmark is not None
    assert straight.benchmark is not None
    np.testing.assert_allclose(other.benchmark.nav, straight.benchmark.nav, rtol=1e-10)


def test_the_unit_of_prices_does_not_matter(choice: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    """Each price series times a power of two of its own, a share split as it were: the same run, bit for bit.

    Powers of two scale doubles without rounding, so returns are the same bits, and nothing but returns may count.
    """
    plain = run(tmp_path, market(), *choice)
    scaled = run(tmp_path, market() * [0.25, 1024.0, 2.0, 0.5, 2.0**-7, 8.0], *choice)
    for name in ("nav", "weights", "target_weights", "trades", "costs", "contributions", "risk_contributions"):
        assert getattr(scaled, name).to_numpy().tobytes() == getattr(plain, name).to_numpy().tobytes(), name


def test_it_runs_while_assets_come_and_go(choice: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    """Ragged data: nothing is held of an asset that is not there, and the run begins with what there is."""
    prices = market()
    prices.loc[prices.index[:50], "oil"] = np.nan
    prices.loc[prices.index[90:], "gold"] = np.nan
    write_csv(prices, tmp_path / "market.csv")
    path = configuration(tmp_path, *choice, ragged=True)
    result = bt.run(path)
    assert (result.weights.loc[result.weights.index < prices.index[70], "oil"] == 0).all(), (
        "a full window is 20 returns"
    )
    assert (result.weights.loc[prices.index[90] :, "gold"] == 0).all()
    assert result.nav.index[0] < prices.index[50]
    assert np.isfinite(result.nav).all()


# ------------------------------------------------------------------------------------------------------------- the view


def handed_out(view: MarketView) -> Iterator[tuple[str, pd.Series | pd.DataFrame]]:
    """Every pandas object that a view gives, found by looking at the class rather than a list."""
    for name, member in inspect.getmembers(type(view)):
        if name.startswith("_") or not (isinstance(member, property) or hasattr(member, "attrname")):
            continue
        try:
            value = getattr(view, name)
        except (StrategyError, InsufficientHistory):  # current weights that are not kept
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

    "Physically cut": following the arrays' `base` leads to nothing that is longer than the past.
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
    """Neither by label, nor by position, nor in the array behind: other dates' views are made from the same data."""
    for name, value in handed_out(some_views[1]):
        first = (0,) * value.ndim
        with pytest.raises(ValueError, match="read-only"):
            value.iloc[first] = 1.0  # type: ignore[call-overload,index]
        with pytest.raises(ValueError, match="read-only"):
            value.loc[value.index[0]] = 1.0
        with pytest.raises(ValueError, match="read-only"):
            value.to_numpy()[first] = 1.0
        assert not value.to_numpy().flags.writeable, name


def test_nothing_that_a_view_keeps_leads_past_its_date(some_views: list[MarketView]) -> None:
    """Its private arrays are its own: none is a window onto a longer one, so there is no handle on the rest."""
    for view in some_views:
        for name, value in vars(view).items():
            if isinstance(value, np.ndarray):
                assert value.base is None, name
                assert not value.flags.writeable, name
                assert len(value) <= len(view.prices), name


def test_a_view_keeps_what_it_is_whatever_a_strategy_does_to_it(some_views: list[MarketView]) -> None:
    """Neither a new attribute nor a new column of a table stays in it for the next who asks."""
    view = some_views[1]
    with pytest.raises(AttributeError):
        view.assets = ("bond",)  # type: ignore[misc]
    table = view.prices
    table["more"] = 1.0
    assert list(view.prices.columns) == list(view.assets)


def test_the_classes_cannot_be_written_into(some_views: list[MarketView]) -> None:
    """They are one mapping for all views of a run: who could write into it would leave notes to himself."""
    view = some_views[1]
    with pytest.raises(TypeError):
        view.classes["spx"] = "bonds"  # type: ignore[index]
    assert some_views[2].classes["spx"] == "equities"


def test_a_view_without_a_full_window_says_so(tmp_path: Path) -> None:
    """Before the window is full there is no covariance, nor a smaller window in its place; the error names the date."""
    write_csv(market(), tmp_path / "market.csv")
    config = load_config(configuration(tmp_path, "equal_weight", {}))
    data = load(config.data, tmp_path)
    view = planning.ask_on([19, 20], config, data, None).view(0)
    for name in ("covariance", "volatility"):
        with pytest.raises(InsufficientHistory, match=f"{data.dates[19]:%Y-%m-%d}"):
            getattr(view, name)
    assert planning.ask_on([19, 20], config, data, None).view(1).covariance.notna().all(axis=None)


# ----------------------------------------------------------------------------------------------------- what is held now

READER = '''
from typing import ClassVar
import pandas as pd
from backtest.strategy import MarketView, Strategy

class Reader(Strategy):
    """Half way from what is held to equal weights: it trades half of the drift."""
    {declaration}
    def target_weights(self, view: MarketView) -> pd.Series:
        return 0.5 * view.current_weights + 0.5 / len(view.assets)
'''


def test_current_weights_have_to_be_declared(tmp_path: Path) -> None:
    """They are known only within the simulation; the error of an undeclared strategy explains how to declare them."""
    write_strategy(tmp_path, "reader", READER.format(declaration=""))
    with pytest.raises(StrategyError, match="reads_current_weights: ClassVar\\[bool\\] = True"):
        run(tmp_path, market(), "reader", {})


@pytest.mark.parametrize(("lag", "joins"), [(0, 0), (1, 0), (2, 0), (0, 45), (1, 45)])
def test_current_weights_are_the_drifted_ones(tmp_path: Path, lag: int, joins: int) -> None:
    """At a close: after the drift, interest, costs, and a trade due at this close, before any trade decided now.

    The oracle, given all decisions up to a date and none made on it, holds exactly these weights at that date's close;
    from them the next decision is computed here, and so on. Nothing is held before the first trade. With ragged data
    the first asset has no price before row `joins`, and the weights shown are those of the others.
    """
    write_strategy(tmp_path, "reader", READER.format(declaration="reads_current_weights: ClassVar[bool] = True"))
    prices = market()
    prices.loc[prices.index[:joins], "spx"] = np.nan
    write_csv(prices, tmp_path / "market.csv")
    config = write_config(
        tmp_path / "run.yaml",
        data={"source": "csv", "path": "market.csv", "cash": "bills", "assets": list(CLASSES), "ragged": joins > 0},
        estimation={"window": 20},
        strategy={"name": "reader"},
        rebalance={"frequency": "weekly", "execution_lag": lag},
        costs={"trading_bps": 50},
        financing={"spread_bps": 100},
    )
    result = bt.run(config)
    days = [day.date() for day in prices.index]
    series = {name: [None if np.isnan(p) else float(p) for p in prices[name]] for name in CLASSES}
    cash = [0.0, *prices["bills"].pct_change().iloc[1:]]
    rows = [row for row in oracle.rebalance_indices(days, "weekly") if row >= (20 if joins else 0)]
    start = rows[0] + lag
    targets: dict[int, dict[str, float]] = {}
    path: oracle.OraclePath | None = None
    for row in rows:
        held = dict.fromkeys(CLASSES, 0.0)
        if path is not None and row >= start and (lag > 0 or row > start):
            held = path.weights[row - start]
        there = [name for name in CLASSES if name != "spx" or not joins or row >= joins + 20]
        targets[row] = {name: 0.5 * held[name] + 0.5 / len(there) if name in there else 0.0 for name in CLASSES}
        if row + lag >= start:
            path = oracle.simulate(
                days[start:],
                {name: series[name][start:] for name in CLASSES},
                cash[start:],
                {r + lag - start: target for r, target in targets.items() if r + lag < len(days)},
                trading_cost=dict.fromkeys(CLASSES, 0.005),
                spread=0.01,
            )
    assert path is not None
    np.testing.assert_allclose(result.target_weights, [list(targets[row].values()) for row in rows], rtol=0, atol=1e-13)
    np.testing.assert_allclose(result.nav, path.nav, rtol=1e-13)


def test_current_weights_by_hand(tmp_path: Path) -> None:
    """Two assets, monthly, no costs: bought at 1/4 each (half way from nothing to 1/2), then A doubles and B stays.

    NAV 1 + 0.25 = 1.25; drifted A 0.5/1.25 = 0.4, B 0.25/1.25 = 0.2; so the next targets are 0.45 and 0.35. Then A
    halves: NAV 1.25 (1 - 0.225) = 0.96875, A 0.225/0.775 and B 0.35/0.775; targets half of that and 1/4.
    """
    write_strategy(tmp_path, "reader", READER.format(declaration="reads_current_weights: ClassVar[bool] = True"))
    dates = pd.date_range("2020-01-31", periods=4, freq="ME")
    write_csv(pd.DataFrame({"A": [1.0, 2.0, 1.0, 1.0], "B": [5.0] * 4}, index=dates), tmp_path / "market.csv")
    data = {"source": "csv", "path": "market.csv", "cash": 0.0, "assets": ["A", "B"]}
    result = bt.run(write_config(tmp_path / "run.yaml", data=data, strategy={"name": "reader"}))
    third = [0.225 / 0.775 / 2 + 0.25, 0.35 / 0.775 / 2 + 0.25]
    np.testing.assert_allclose(result.target_weights.iloc[:3], [[0.25, 0.25], [0.45, 0.35], third], rtol=1e-14)
    np.testing.assert_allclose(result.nav.iloc[:3], [1.0, 1.25, 0.96875], rtol=1e-14)


# --------------------------------------------------------------------------------- leverage to a benchmark's volatility


def test_levered_erc_takes_on_the_volatility_of_its_benchmark(tmp_path: Path) -> None:
    """`target_volatility: benchmark`: by the run's covariance the levered portfolio is as volatile as the benchmark's.

    Both forecasts are computed here from the views' own covariances; to 1e-12, being a ratio of two square roots.
    """
    strategy, batch = asked(tmp_path, "levered_erc", {"target_volatility": "benchmark", "max_gross_exposure": 50.0})
    for view in views_of(strategy, batch):
        sigma = view.covariance.to_numpy()
        weights = strategy.target_weights(view)[list(view.assets)].to_numpy()
        followed = view.benchmark_target_weights
        assert followed.to_dict() == pytest.approx({"spx": 0.3, "eafe": 0.3, "ust": 0.4, "gold": 0.0, "oil": 0.0})
        other = followed[list(view.assets)].to_numpy()
        assert weights @ sigma @ weights == pytest.approx(other @ sigma @ other, rel=1e-12)
        shares = weights * (sigma @ weights) / (weights @ sigma @ weights)
        np.testing.assert_allclose(shares, 1 / len(shares), rtol=1e-9)


def test_levered_erc_is_capped(tmp_path: Path) -> None:
    """No gross exposure above the cap, whatever volatility is wanted; where it binds it is met, but for rounding."""
    result = run(tmp_path, market(), "levered_erc", {"target_volatility": 2.0, "max_gross_exposure": 2.5})
    np.testing.assert_allclose(result.target_weights.sum(axis=1), 2.5, rtol=1e-14)


@pytest.mark.parametrize("benchmark", [False, True])
def test_levered_erc_says_what_it_misses_of_a_benchmark(tmp_path: Path, benchmark: bool) -> None:
    """No benchmark, or one that holds what the run has no covariance of: an error that names it, not a guess."""
    write_csv(market(), tmp_path / "market.csv")
    path = configuration(tmp_path, "levered_erc", {"target_volatility": "benchmark"})
    if benchmark:
        data = {"source": "csv", "path": "market.csv", "cash": "bills", "assets": ["spx", "ust", "gold", "oil"]}
        more: dict[str, Any] = {"benchmark": "benchmark.yaml"}
    else:
        data = {"source": "csv", "path": "market.csv", "cash": "bills", "assets": list(CLASSES)}
        more = {}
    choice = {"name": "levered_erc", "target_volatility": "benchmark"}
    write_config(path, data=data, estimation={"window": 20}, strategy=choice, **more)
    with pytest.raises(bt.BacktestError, match="eafe" if benchmark else "benchmark"):
        bt.run(path)
