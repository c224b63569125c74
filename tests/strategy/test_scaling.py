"""Scaling of a strategy: multiples follow the formulas, on each date from what is known on that date.

Gross exposure tells the multiple: the strategies here hold weights that add up to one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.config import load_config
from backtest.data.load import load
from backtest.errors import ConfigError, InsufficientHistory, NoOptimalPortfolio, StrategyError
from backtest.reporting.files.report_files import csv_bytes, tables
from backtest.runs import plan as planning
from backtest.strategy.decisions import ViewBatch, answers
from support.builders.market_files import dates_of, random_levels, write_config, write_csv, write_strategy

CLASSES = {"spx": "equities", "ust": "bonds", "gold": "commodities", "oil": "commodities"}
SIXTY_FORTY = {"name": "sixty_forty", "weights": {"spx": 0.6, "ust": 0.4}}
UNBOUND = {"max_gross_exposure": 100}


@pytest.fixture
def prices() -> pd.DataFrame:
    """Four assets and cash, on 150 business days."""
    rng = np.random.default_rng(5)
    dates = dates_of("daily", 150, rng)
    return pd.DataFrame(
        random_levels(dates, [0.16, 0.06, 0.15, 0.3, 0.002], rng), index=dates, columns=[*CLASSES, "bills"]
    )


@pytest.fixture
def run(tmp_path: Path, prices: pd.DataFrame) -> Callable[..., bt.BacktestResult]:
    """A run on these prices, of a strategy under some leverage."""
    write_csv(prices, tmp_path / "market.csv")

    def of(strategy: dict[str, Any], leverage: dict[str, Any] | None = None, **others: Any) -> bt.BacktestResult:
        return bt.run(written(tmp_path, "run", strategy, leverage, **others))

    return of


def written(folder: Path, name: str, strategy: dict[str, Any], leverage: dict[str, Any] | None, **others: Any) -> Path:
    """The configuration of a run on `market.csv`."""
    sections: dict[str, Any] = {
        "data": {"source": "csv", "path": "market.csv", "cash": "bills", "assets": CLASSES},
        "estimation": {"window": 25},
        "rebalance": {"frequency": "weekly"},
        "costs": {"trading_bps": 10},
        "financing": {"spread_bps": 50},
    }
    return write_config(folder / f"{name}.yaml", **{**sections, **others}, strategy=strategy, leverage=leverage)


def questions_of(config: Path) -> tuple[ViewBatch, np.ndarray]:
    """All that the run's strategy is asked, and its answers before leverage."""
    settings = load_config(config)
    data = load(settings.data, settings.folder)
    benchmark = settings.benchmark and planning.Plan.of(
        settings.benchmark, load(settings.benchmark.data, config.parent)
    )
    plan = planning.Plan.of(settings, data, benchmark or None)
    batch = planning.ask_on(plan.agenda.rows[plan.first :], settings, data, benchmark or None)
    return batch, answers(settings.strategy.model, batch)


def gross(result: bt.BacktestResult) -> np.ndarray:
    """(m,) of the target weights."""
    exposure: np.ndarray = result.target_weights.abs().sum(axis=1).to_numpy()
    return exposure


def excess_returns(prices: pd.DataFrame) -> pd.DataFrame:
    returns = prices.pct_change()
    return returns[list(CLASSES)].sub(returns["bills"], axis=0)


def same_tables(one: bt.BacktestResult, other: bt.BacktestResult) -> None:
    """Not a byte of any table of the report differs."""
    for (name, left), right in zip(tables(one).items(), tables(other).values(), strict=True):
        assert csv_bytes(left) == csv_bytes(right), name


# ------------------------------------------------------------------------------------------------------- what they mean


def test_a_multiple_multiplies(run: Callable[..., bt.BacktestResult]) -> None:
    """Every target, and with it every risk contribution; 2 is a power of two, so that not a bit is rounded."""
    one, two = run(SIXTY_FORTY), run(SIXTY_FORTY, {"multiple": 2})
    assert (two.target_weights == 2 * one.target_weights).all(axis=None)
    pd.testing.assert_frame_equal(two.risk_contributions, 2 * one.risk_contributions, check_exact=True)


@pytest.mark.parametrize("strategy", [{"name": "erc"}, SIXTY_FORTY])
def test_levered_targets_have_the_target_volatility(
    run: Callable[..., bt.BacktestResult], strategy: dict[str, Any]
) -> None:
    """The volatility is measured by the covariance of each date; risk contributions refer to the scaled weights."""
    result = run(strategy, {"target_volatility": 0.12, **UNBOUND})
    np.testing.assert_allclose(result.risk_contributions.sum(axis=1), 0.12, rtol=1e-13)
    assert np.ptp(gross(result)) > 0.1


def test_bounds_of_gross_exposure_win(run: Callable[..., bt.BacktestResult]) -> None:
    free = gross(run(SIXTY_FORTY, {"target_volatility": 0.12, **UNBOUND}))
    least, most = np.quantile(free, [0.3, 0.7])
    bounds = {"min_gross_exposure": float(least), "max_gross_exposure": float(most)}
    np.testing.assert_allclose(
        gross(run(SIXTY_FORTY, {"target_volatility": 0.12, **bounds})), np.clip(free, least, most), rtol=1e-14
    )


def test_a_window_of_its_own_is_the_sample_volatility_of_its_rows(
    run: Callable[..., bt.BacktestResult], prices: pd.DataFrame
) -> None:
    """sqrt(wᵀSw) = σ_target / sqrt(252), S by NumPy of the last 15 excess returns; the run begins with them."""
    result = run(SIXTY_FORTY, {"target_volatility": 0.12, "window": 15, **UNBOUND}, rebalance={"frequency": "daily"})
    excess = excess_returns(prices)
    assert result.target_weights.index[0] == excess.index[15]
    for date, weights in result.target_weights.iterrows():
        risk = np.cov(excess.loc[:date].tail(15).to_numpy().T)
        assert np.sqrt(252 * weights @ risk @ weights) == pytest.approx(0.12, rel=1e-12)


def test_months_of_a_window_are_rows(run: Callable[..., bt.BacktestResult]) -> None:
    """Daily data has 252 / 12 rows a month."""
    one, other = (run(SIXTY_FORTY, {"target_volatility": 0.12, "window": window}) for window in ("2M", 42))
    assert one.target_weights.equals(other.target_weights)


@pytest.mark.parametrize("window", [None, 15])
def test_the_benchmarks_volatility_is_measured_as_ones_own(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, prices: pd.DataFrame, window: int | None
) -> None:
    """Both portfolios have the same wᵀSw, S the covariance of the run or of the window."""
    written(tmp_path, "other", {"name": "sixty_forty", "weights": {"gold": 0.7, "spx": 0.3}}, None)
    leverage = {"target_volatility": "benchmark", "window": window, **UNBOUND}
    result = run(SIXTY_FORTY, leverage, benchmark="other.yaml")
    excess, benchmark = excess_returns(prices), np.array([0.3, 0.0, 0.7, 0.0])
    for date, weights in result.target_weights.iterrows():
        risk = np.cov(excess.loc[:date].tail(window or 25).to_numpy().T)
        assert weights @ risk @ weights == pytest.approx(benchmark @ risk @ benchmark, rel=1e-11)


def test_smoothing_is_the_recursion(run: Callable[..., bt.BacktestResult]) -> None:
    """L_k = 0.8 L_{k-1} + 0.2 wanted_k from the run's first decision on, and bounds come after it.

    A bound that came before would hold L back on later dates too.
    """
    leverage = {"target_volatility": 0.12, "smoothing": 0.8}
    wanted = gross(run(SIXTY_FORTY, {"target_volatility": 0.12, **UNBOUND}))
    by_hand = [wanted[0]]
    for value in wanted[1:]:
        by_hand.append(0.8 * by_hand[-1] + 0.2 * value)
    np.testing.assert_allclose(gross(run(SIXTY_FORTY, leverage | UNBOUND)), by_hand, rtol=1e-14)
    most = float(np.median(by_hand))
    bounded = gross(run(SIXTY_FORTY, leverage | {"max_gross_exposure": most}))
    np.testing.assert_allclose(bounded, np.minimum(by_hand, most), rtol=1e-14)


def test_smoothing_begins_with_the_run(run: Callable[..., bt.BacktestResult], tmp_path: Path) -> None:
    """A run that begins later, as its benchmark does, knows no multiple of before: its first is what is wanted."""
    written(tmp_path, "late", {"name": "erc"}, None, estimation={"window": 60})
    leverage = {"target_volatility": 0.12, "smoothing": 0.9, **UNBOUND}
    late = run(SIXTY_FORTY, leverage, benchmark="late.yaml")
    at_once = run(SIXTY_FORTY, leverage | {"smoothing": 0}, benchmark="late.yaml")
    assert late.target_weights.iloc[0].equals(at_once.target_weights.iloc[0])
    assert not late.target_weights.iloc[1].equals(at_once.target_weights.iloc[1])
    early = run(SIXTY_FORTY, leverage)
    assert early.target_weights.index[0] < late.target_weights.index[0]
    assert not early.target_weights.loc[late.target_weights.index[0]].equals(late.target_weights.iloc[0])


# ----------------------------------------------------------------------------------------------------------- fixed debt


def months(folder: Path, levels: list[float]) -> pd.DatetimeIndex:
    """One asset at these levels, and cash that earns nothing."""
    dates = pd.date_range("2020-01-31", periods=len(levels), freq="ME")
    write_csv(pd.DataFrame({"spx": levels, "bills": 1.0}, index=dates), folder / "market.csv")
    return dates


FREE: dict[str, Any] = {
    "data": {"source": "csv", "path": "market.csv", "cash": "bills", "assets": {"spx": "equities"}},
    "rebalance": {"frequency": "monthly", "execution_lag": 0},
    "costs": {},
    "financing": {},
}
ALL_IN = {"name": "equal_weight"}


def test_a_fixed_debt_by_hand(tmp_path: Path) -> None:
    """A debt of half the first NAV, in one asset whose loan is free, is bought once and then held.

    1.5 of the asset at 100. At 110: 1.65 less the debt of 0.5 is a NAV of 1.15, and 1.15 × (1 + 0.5 / 1.15) = 1.65 is
    what is there already. At 88: 1.32 - 0.5 = 0.82. At 132: 1.98 - 0.5 = 1.48.
    """
    months(tmp_path, [100, 110, 88, 132])
    result = bt.run(written(tmp_path, "run", ALL_IN, {"debt": 0.5}, **FREE, estimation={"window": 2}))
    navs = [1.0, 1.15, 0.82, 1.48]
    np.testing.assert_allclose(result.nav, navs, rtol=1e-14)
    np.testing.assert_allclose(result.target_weights["spx"], 1 + 0.5 / np.array(navs), rtol=1e-14)
    assert result.trades["spx"].to_list() == [1.5]


def test_a_fixed_debt_up_to_a_gross_exposure(tmp_path: Path) -> None:
    """At 88, 1 + 0.5 / 0.82 = 1.61 is above 1.55: 0.82 × 1.55 = 1.271 is kept, and the debt falls to 0.451.

    At 132, 1.271 × 1.5 - 0.451 = 1.4555, and the debt is 0.5 again.
    """
    months(tmp_path, [100, 110, 88, 132])
    leverage = {"debt": 0.5, "max_gross_exposure": 1.55}
    result = bt.run(written(tmp_path, "run", ALL_IN, leverage, **FREE, estimation={"window": 2}))
    np.testing.assert_allclose(result.nav, [1.0, 1.15, 0.82, 1.4555], rtol=1e-14)
    np.testing.assert_allclose(result.target_weights["spx"], [1.5, 1.65 / 1.15, 1.55, 1.9555 / 1.4555], rtol=1e-14)


def test_a_fixed_debt_is_that_after_every_trade(run: Callable[..., bt.BacktestResult]) -> None:
    """Whatever is held, if its weights add up to one and are traded at the close that decides, for nothing."""
    terms: dict[str, Any] = {"costs": {}, "rebalance": {"frequency": "weekly", "execution_lag": 0}}
    result = run({"name": "erc"}, {"debt": 0.8}, **terms)
    nav, traded = result.nav, result.trade_dates.dropna()
    debt = nav * (result.weights.sum(axis=1) - 1)
    np.testing.assert_allclose(debt.loc[traded], 0.8, rtol=1e-12)
    assert debt.round(9).nunique() > len(traded) // 2, "in between it grows by its interest"


def test_the_way_along_a_path_can_be_walked_again(tmp_path: Path) -> None:
    """The break-even walks it once for each spread: what was kept of one walk is nothing to the next."""
    months(tmp_path, [100, 110, 88, 132, 120, 140])
    settings = load_config(written(tmp_path, "run", ALL_IN, {"debt": 0.5}, **FREE, estimation={"window": 2}))
    plan = planning.Plan.of(settings, load(settings.data, tmp_path))
    decided = plan.decide(plan.first_trade)
    first, dear, again = (decided.path(plan.terms.with_spread(spread)).ledger() for spread in (0.0, 0.5, 0.0))
    assert first.nav.tobytes() == again.nav.tobytes()
    assert dear.nav[-1] < first.nav[-1]


# ------------------------------------------------------------------------------------------------ names of combinations


@pytest.mark.parametrize("ragged", [False, True])
def test_levered_erc_is_erc_with_leverage(
    run: Callable[..., bt.BacktestResult], prices: pd.DataFrame, tmp_path: Path, ragged: bool
) -> None:
    """Bit for bit, in every table of the report; with assets that join and leave too."""
    data = {"source": "csv", "path": "market.csv", "cash": "bills", "assets": CLASSES, "ragged": ragged}
    if ragged:
        prices.loc[prices.index[:50], "gold"] = np.nan
        prices.loc[prices.index[110:], "oil"] = np.nan
        write_csv(prices, tmp_path / "market.csv")
    settings = {"target_volatility": 0.10, "max_gross_exposure": 1.3}
    one, other = run({"name": "levered_erc", **settings}, data=data), run({"name": "erc"}, settings, data=data)
    assert {True, False} == set(np.isclose(gross(one), 1.3, rtol=1e-12)), "the cap binds on some dates"
    same_tables(one, other)


def test_so_it_is_with_the_benchmarks_volatility_and_by_default(
    run: Callable[..., bt.BacktestResult], tmp_path: Path
) -> None:
    written(tmp_path, "other", SIXTY_FORTY, None)
    follow = {"target_volatility": "benchmark"}
    same_tables(
        run({"name": "levered_erc", **follow}, benchmark="other.yaml"),
        run({"name": "erc"}, follow, benchmark="other.yaml"),
    )
    same_tables(run({"name": "levered_erc"}), run({"name": "erc"}, {"target_volatility": 0.10}))


def test_volatility_target_is_fixed_weights_with_leverage(run: Callable[..., bt.BacktestResult]) -> None:
    """Also bit for bit."""
    weights = {"weights": {"equities": 0.5, "bonds": 0.3, "commodities": 0.2}}
    settings = {"target_volatility": 0.08, "max_gross_exposure": 1.2}
    same_tables(
        run({"name": "volatility_target", **weights, **settings}), run({"name": "sixty_forty", **weights}, settings)
    )


# -------------------------------------------------------------------------------------- date by date, or many together


READER = """
from typing import ClassVar

from backtest.strategies.erc import ERC


class Reader(ERC):
    '''ERC, asked date by date along the path, as if what it holds mattered.'''

    reads_current_weights: ClassVar[bool] = True
"""

KINDS: list[dict[str, Any]] = [
    {"multiple": 1.7},
    {"target_volatility": 0.12, "smoothing": 0.6},
    {"target_volatility": 0.12, "window": 15, "smoothing": 0.6, "min_gross_exposure": 1},
    {"target_volatility": "benchmark", "window": 15},
    {"debt": 0.4},
]


@pytest.mark.parametrize("leverage", KINDS, ids=lambda one: "-".join(map(str, one.values())))
def test_a_strategy_asked_along_the_path_is_levered_alike(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, leverage: dict[str, Any]
) -> None:
    """One that reads what it holds, and makes no use of it, gives every table to the last bit."""
    write_strategy(tmp_path, "reader", READER)
    written(tmp_path, "other", SIXTY_FORTY, None)
    one, other = (run({"name": name}, leverage, benchmark="other.yaml") for name in ("erc", "reader"))
    same_tables(one, other)


@pytest.mark.parametrize("leverage", KINDS[:-1], ids=lambda one: "-".join(map(str, one.values())))
def test_multiples_of_a_part_of_the_dates_are_the_same_bits(
    tmp_path: Path, prices: pd.DataFrame, leverage: dict[str, Any]
) -> None:
    """Each date alone, and any run of dates, with assets that come and go among them."""
    prices.loc[prices.index[:60], "gold"] = np.nan
    write_csv(prices, tmp_path / "market.csv")
    data = {"source": "csv", "path": "market.csv", "cash": "bills", "assets": CLASSES, "ragged": True}
    written(tmp_path, "other", SIXTY_FORTY, None)
    config = written(tmp_path, "run", {"name": "erc"}, leverage, data=data, benchmark="other.yaml")
    levered, (batch, weights) = load_config(config).leverage, questions_of(config)
    assert levered is not None
    together = levered.multiples(weights, batch)
    assert np.isfinite(together).all()
    for part in [*(slice(k, k + 1) for k in range(len(weights))), slice(0, 7), slice(5, 12), slice(9, None)]:
        alone = levered.multiples(weights[part], batch.part(part))
        assert alone.tobytes() == together[part].tobytes(), part


@pytest.mark.parametrize("dates_at_a_time", [1, 5])
def test_slices_of_the_agenda_pass_the_multiple_on(
    run: Callable[..., bt.BacktestResult], monkeypatch: pytest.MonkeyPatch, dates_at_a_time: int
) -> None:
    """Smoothing goes on from the last date of one slice to the first of the next; no covariance is in this."""
    leverage = {"target_volatility": 0.12, "window": 15, "smoothing": 0.6}
    together = run(SIXTY_FORTY, leverage)
    monkeypatch.setattr("backtest.strategy.agenda._ELEMENTS", 16 * dates_at_a_time)
    assert run(SIXTY_FORTY, leverage).target_weights.equals(together.target_weights)


SOMETIMES = """
import pandas as pd

from backtest.strategy import MarketView, Strategy


class Sometimes(Strategy):
    '''All in the first asset, or, in every second week, in nothing.'''

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series({view.assets[0]: float(view.as_of.week % 2)})
"""


def test_what_holds_nothing_stays_so_and_leaves_the_multiple_as_it_was(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, prices: pd.DataFrame
) -> None:
    """The weeks without a position are none to the recursion."""
    write_strategy(tmp_path, "sometimes", SOMETIMES)
    leverage = {"target_volatility": 0.12, "window": 15, "smoothing": 0.75, **UNBOUND}
    result = run({"name": "sometimes"}, leverage)
    found = gross(result)
    dates = result.target_weights.index[found > 0]
    excess = excess_returns(prices)["spx"]
    wanted = [0.12 / np.sqrt(252) / excess.loc[:date].tail(15).std() for date in dates]
    by_hand = pd.Series(wanted).ewm(alpha=0.25, adjust=False).mean()
    np.testing.assert_allclose(found[found > 0], by_hand, rtol=1e-13)
    assert (found == 0).sum() > 5


# --------------------------------------------------------------------------------------- what others see of a benchmark


@pytest.mark.parametrize("leverage", [{"multiple": 2}, {"target_volatility": 0.3, "smoothing": 0.9, "window": 15}])
def test_a_benchmark_is_followed_with_its_leverage(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, leverage: dict[str, Any]
) -> None:
    """Twice 60/40 has twice its volatility; of a target volatility each date's own multiple counts, unsmoothed."""
    written(tmp_path, "other", SIXTY_FORTY, leverage)
    followed = run({"name": "levered_erc", "target_volatility": "benchmark", **UNBOUND}, benchmark="other.yaml")
    unsmoothed = run(SIXTY_FORTY, {**leverage, "smoothing": 0} if "smoothing" in leverage else leverage)
    common = followed.risk_contributions.index.intersection(unsmoothed.risk_contributions.index)
    assert len(common) > 20
    np.testing.assert_allclose(
        followed.risk_contributions.loc[common].sum(axis=1),
        unsmoothed.risk_contributions.loc[common].sum(axis=1),
        rtol=1e-11,
    )


def test_a_benchmark_of_fixed_debt_states_no_targets(run: Callable[..., bt.BacktestResult], tmp_path: Path) -> None:
    """They depend on its own NAV; it can be compared with, not followed."""
    written(tmp_path, "other", SIXTY_FORTY, {"debt": 0.5})
    assert run({"name": "erc"}, benchmark="other.yaml").benchmark is not None
    with pytest.raises(ConfigError, match=r"benchmark, but the benchmark's targets depend on its own path; expected a"):
        run({"name": "erc"}, {"target_volatility": "benchmark"}, benchmark="other.yaml")


def test_a_benchmark_is_asked_again_only_for_a_strategy_that_reads_its_weights(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its weights on the strategy's dates cost as much as a run of its own."""
    written(tmp_path, "other", SIXTY_FORTY, None)
    asked: list[int] = []
    weights_of = planning.benchmark_weights

    def counted(*given: Any) -> Any:
        asked.append(1)
        return weights_of(*given)

    monkeypatch.setattr(planning, "benchmark_weights", counted)
    run({"name": "erc"}, benchmark="other.yaml")
    assert not asked
    run({"name": "levered_erc", "target_volatility": "benchmark", **UNBOUND}, benchmark="other.yaml")
    assert len(asked) == 1


def test_a_benchmark_of_other_assets_cannot_be_followed(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, prices: pd.DataFrame
) -> None:
    write_csv(prices.assign(world=prices["spx"] * 2), tmp_path / "market.csv")
    data = {"source": "csv", "path": "market.csv", "cash": "bills", "assets": ["world", "ust"]}
    written(tmp_path, "other", {"name": "equal_weight"}, None, data=data)
    with pytest.raises(
        StrategyError, match=r"leverage on 20.*: the benchmark holds world, whose risk is unknown to this run"
    ):
        run({"name": "erc"}, {"target_volatility": "benchmark"}, benchmark="other.yaml")


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize("window", [None, 10])
def test_a_portfolio_without_risk_is_named_with_its_date(
    run: Callable[..., bt.BacktestResult], tmp_path: Path, prices: pd.DataFrame, window: int | None
) -> None:
    """Gold, which is all that is held, earns exactly what cash does from row 101 on: ten such rows end at 110."""
    prices.loc[prices.index[100:], "gold"] = prices["bills"].iloc[100:] * 2.0
    write_csv(prices, tmp_path / "market.csv")
    leverage = {"target_volatility": 0.1, "window": window}
    daily: dict[str, Any] = {"estimation": {"window": 10}, "rebalance": {"frequency": "daily"}}
    with pytest.raises(NoOptimalPortfolio) as caught:
        run({"name": "sixty_forty", "weights": {"gold": 1.0}}, leverage, **daily)
    said = str(caught.value)
    assert "the portfolio has a gross exposure of 1 and a volatility of 0; expected a volatility above zero" in said
    assert said.startswith(f"leverage on {prices.index[110]:%Y-%m-%d}: ")


def test_it_waits_for_the_history_that_it_needs(run: Callable[..., bt.BacktestResult], prices: pd.DataFrame) -> None:
    """Fixed weights alone need a price; levered by the covariance they need its window, which has to be there."""
    daily: dict[str, Any] = {"rebalance": {"frequency": "daily"}}
    assert run(SIXTY_FORTY, **daily).target_weights.index[0] == prices.index[0]
    first = run(SIXTY_FORTY, {"target_volatility": 0.1}, **daily).target_weights.index[0]
    assert first == prices.index[25]
    with pytest.raises(InsufficientHistory, match="not all assets to be held have 400 excess returns"):
        run(SIXTY_FORTY, {"target_volatility": 0.1, "window": 400})


def test_a_window_of_months_in_quarterly_data_is_refused(tmp_path: Path) -> None:
    """3M are one quarter, which has no standard deviation."""
    dates = pd.date_range("2000-03-31", periods=12, freq="QE")
    rng = np.random.default_rng(3)
    write_csv(
        pd.DataFrame(random_levels(dates, [0.2, 0.01], rng), index=dates, columns=["spx", "bills"]),
        tmp_path / "market.csv",
    )
    rebalance = {"frequency": "quarterly", "execution_lag": 0}
    config = written(
        tmp_path,
        "run",
        ALL_IN,
        {"target_volatility": 0.1, "window": "3M"},
        **{**FREE, "rebalance": rebalance, "estimation": {"window": 2}},
    )
    with pytest.raises(StrategyError, match="window of 3M is 1 of the data's periods, of 4 a year; expected two or"):
        bt.run(config)
