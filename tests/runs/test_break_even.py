"""`break_even` and `python -m backtest breakeven`: the tie holds in a run of its own; simple cases have one line."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.analysis.break_even_spread.spread_search import BOUND, PairedReturns
from backtest.config import load_config
from backtest.reporting.figures.run_figures import render_all
from backtest.reporting.files.report_files import json_bytes
from backtest.runs.break_even import break_even, match_of
from backtest.runs.pipeline import loader, plan_of
from backtest.runs.spread_match import GRID, returns_of
from support.builders.market_files import write_config, write_csv, write_strategy
from support.command_line import command

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
LEVERED = CONFIGS / "levered_erc.yaml"

MULTIPLE = """
import pandas as pd
from backtest.strategy import MarketView, Strategy

class Multiple(Strategy):
    '''A multiple of NAV in one asset.'''

    asset: str
    multiple: float = 1.0

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series({self.asset: self.multiple})
"""
HALFWAY = """
from typing import ClassVar

import pandas as pd
from backtest.strategy import MarketView, Strategy

class Halfway(Strategy):
    '''Goes half of the way from what it holds to twice its NAV in stocks: what it holds depends on its loan's price.'''

    reads_current_weights: ClassVar[bool] = True

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series({"stocks": 1.0 + view.current_weights["stocks"] / 2})
"""

SWITCHING = """
import pandas as pd
from backtest.strategy import MarketView, Strategy

class Switching(Strategy):
    '''Eleven times NAV in stocks in odd months, in bonds in even ones.'''

    def target_weights(self, view: MarketView) -> pd.Series:
        return pd.Series({"stocks" if view.as_of.month % 2 else "bonds": 11.0})
"""


def market(folder: Path, stocks: list[float], bonds: list[float]) -> None:
    """Month-ends from January 2020 on, level 100 before the first of these monthly returns."""
    dates = pd.date_range("2020-01-31", periods=len(stocks) + 1, freq="ME")
    levels = {
        name: 100 * np.cumprod([1.0, *(1 + np.array(one))]) for name, one in (("stocks", stocks), ("bonds", bonds))
    }
    write_csv(pd.DataFrame(levels, index=dates), folder / "prices.csv")
    write_strategy(folder, "multiple", MULTIPLE)
    write_strategy(folder, "halfway", HALFWAY)


def config(
    folder: Path, strategy: dict[str, Any], against: dict[str, Any], *, cash: float = 0.0, **sections: Any
) -> Path:
    """A strategy and, as its benchmark, another one, on the market in the folder."""
    data = {"source": "csv", "path": "prices.csv", "assets": ["stocks", "bonds"], "cash": cash}
    write_config(folder / "other.yaml", data=data, strategy={"name": "multiple", **against})
    return write_config(
        folder / "levered.yaml",
        data=data,
        strategy={"name": "multiple", **strategy},
        benchmark="other.yaml",
        **sections,
    )


def of_multiple(folder: Path, multiple: float, against: dict[str, Any], **more: Any) -> Path:
    return config(folder, {"asset": "stocks", "multiple": multiple}, against, **more)


@pytest.fixture(scope="module")
def levered() -> BreakEven:
    return break_even(LEVERED)


def random_months(count: int, seed: int = 1) -> list[float]:
    return list(0.006 + 0.03 * np.random.default_rng(seed).standard_normal(count))


# 1. What the number is


def test_two_periods_by_hand(tmp_path: Path) -> None:
    """Twice NAV in an asset that earns 1 % in February 2020 (29 days) and nothing in March (31), against once NAV.

    Cash earns nothing, the loan is 1 × NAV after each rebalance. With x = spread / 360 the strategy ends at
    (1.02 - 29 x)(1 - 31 x), the benchmark at 1.01:
        899 x² - 60.62 x + 0.01 = 0
        x = (60.62 - sqrt(60.62² - 4 × 899 × 0.01)) / (2 × 899) = 0.00016536, a spread of 595.3 bp.

    The Sharpe ratio of twice an asset is that of the asset where the loan costs nothing: its break-even is 0.
    """
    market(tmp_path, [0.01, 0.0], [0.0, 0.0])
    found = break_even(of_multiple(tmp_path, 2.0, {"asset": "stocks"}))
    x = (60.62 - math.sqrt(60.62**2 - 4 * 899 * 0.01)) / (2 * 899)
    assert found.by_return.spread == pytest.approx(360 * x, abs=1e-12)
    assert round(1e4 * found.by_return.spread, 1) == 595.3
    assert found.by_sharpe.spread == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("measure", ["cagr", "sharpe"])
def test_a_run_with_that_spread_ties_with_its_benchmark(tmp_path: Path, measure: str) -> None:
    """From 1999 on both break-evens are above zero, and so can be configured."""
    text = LEVERED.read_text(encoding="utf-8").replace("start: 1978", "start: 1996")
    (tmp_path / "60_40.yaml").write_bytes((CONFIGS / "60_40.yaml").read_bytes())
    (tmp_path / "levered.yaml").write_text(text, encoding="utf-8")
    found = break_even(tmp_path / "levered.yaml")
    spread = (found.by_return if measure == "cagr" else found.by_sharpe).spread
    assert 0.05 < spread < BOUND
    tied = tmp_path / "tied.yaml"
    tied.write_text(text.replace("spread_bps: 50", f"spread_bps: {1e4 * spread!r}"), encoding="utf-8")
    summary = bt.run(tied).summary()
    assert summary[measure] == pytest.approx(summary["benchmark"][measure], abs=1e-9)


def test_daily_runs_tie_too_although_the_loan_drifts_between_rebalances(tmp_path: Path) -> None:
    """Here the spread's effect is not linear, and the root is still that of whole runs."""
    dates = pd.bdate_range("2020-01-01", periods=300)
    rng = np.random.default_rng(8)
    levels = 100 * np.cumprod(1 + 0.0008 + 0.01 * rng.standard_normal((300, 2)), axis=0)
    market(tmp_path, [0.0], [0.0])
    write_csv(pd.DataFrame(levels, index=dates, columns=["stocks", "bonds"]), tmp_path / "prices.csv")
    settings: dict[str, Any] = {"costs": {"trading_bps": 10}, "cash": 0.02}
    found = break_even(of_multiple(tmp_path, 1.8, {"asset": "bonds"}, financing={"spread_bps": 50}, **settings))
    assert 0 < found.by_return.spread < BOUND
    tied = {"spread_bps": 1e4 * found.by_return.spread}
    summary = bt.run(of_multiple(tmp_path, 1.8, {"asset": "bonds"}, financing=tied, **settings)).summary()
    assert summary["cagr"] == pytest.approx(summary["benchmark"]["cagr"], abs=1e-9)


def test_a_strategy_that_reads_what_it_holds_is_asked_along_each_path(tmp_path: Path) -> None:
    """Its weights depend on the spread; the tie is that of a run of its own all the same."""
    market(tmp_path, random_months(40), random_months(40, 2))
    half = {"name": "halfway"}
    found = break_even(config(tmp_path, half, {"asset": "bonds"}))
    assert found.borrows
    assert 0 < found.by_return.spread < BOUND
    tied = config(tmp_path, half, {"asset": "bonds"}, financing={"spread_bps": 1e4 * found.by_return.spread})
    summary = bt.run(tied).summary()
    assert summary["cagr"] == pytest.approx(summary["benchmark"]["cagr"], abs=1e-9)


def test_excess_return_falls_with_the_spread(levered: BreakEven) -> None:
    """At each point of the grid and, at the configured one, it is what the run's own summary says."""
    spreads = [point.spread for point in levered.curve]
    assert spreads == sorted({*GRID, 0.005, 0.01})
    assert (np.diff([point.excess_return for point in levered.curve]) < 0).all()
    assert (np.diff([point.excess_sharpe for point in levered.curve]) < 0).all()
    summary = bt.run(LEVERED).summary()
    here = levered.at(levered.configured.spread)
    assert here.excess_return == pytest.approx(summary["cagr"] - summary["benchmark"]["cagr"], abs=1e-12)
    assert here.excess_sharpe == pytest.approx(summary["sharpe"] - summary["benchmark"]["sharpe"], abs=1e-12)


def test_the_break_even_lies_where_the_curve_crosses_zero_and_inside_its_interval(levered: BreakEven) -> None:
    below, above = levered.at(0.0125), levered.at(0.015)
    assert below.excess_return > 0 > above.excess_return
    assert 0.0125 < levered.by_return.spread < 0.015
    assert levered.by_sharpe.spread < 0  # of 60/40's Sharpe ratio levered ERC has less from the start
    for one in (levered.by_return, levered.by_sharpe):
        assert one.interval is not None
        assert one.interval[0] < one.spread < one.interval[1]


def test_the_same_again(levered: BreakEven) -> None:
    again = break_even(LEVERED)
    assert (again.by_return, again.by_sharpe, again.curve) == (levered.by_return, levered.by_sharpe, levered.curve)


def test_the_configured_spread_changes_neither_break_even(levered: BreakEven, tmp_path: Path) -> None:
    text = LEVERED.read_text(encoding="utf-8").replace("spread_bps: 50", "spread_bps: 175")
    (tmp_path / "60_40.yaml").write_bytes((CONFIGS / "60_40.yaml").read_bytes())
    (tmp_path / "levered.yaml").write_text(text, encoding="utf-8")
    other = break_even(tmp_path / "levered.yaml")
    assert (other.by_return, other.by_sharpe) == (levered.by_return, levered.by_sharpe)
    assert other.configured.spread == 0.0175


def test_the_returns_of_a_draw_are_those_of_a_run_at_its_spread(tmp_path: Path) -> None:
    """Rebalanced every period and without costs they are exact, to rounding (1e-16 a period's return).

    Bought once and kept, dearer interest has taken a share d of NAV by the end, and leverage is higher by about as
    much: what the draw leaves out is of the order of d × return.
    """
    market(tmp_path, random_months(12), random_months(12, 2))
    errors, orders = [], []
    for frequency in ("monthly", "never"):
        path = of_multiple(tmp_path, 1.6, {"asset": "bonds"}, cash=0.03, rebalance={"frequency": frequency})
        plan, _ = plan_of(load_config(path), loader(offline=True, refresh=False), lambda _: None)
        match = match_of(plan)
        free, dear = match.path(0.0), match.path(0.04)
        exposure = free.ledger().loan[1:] / free.nav[:-1] * plan.data.days[1:] / 360
        drawn = PairedReturns(returns_of(free), exposure, match.sides[0].other, 0.0).at(0.04)
        errors.append(np.abs(drawn - returns_of(dear)).max())
        orders.append((1 - dear.nav[-1] / free.nav[-1]) * np.abs(returns_of(free)).max())
    assert errors[0] < 1e-15
    assert 0.01 * orders[1] < errors[1] < orders[1]


# 2. What the command says


def test_the_table(levered: BreakEven) -> None:
    answer = command("breakeven", LEVERED)
    assert (answer.code, answer.err) == (0, "")
    for line in (
        "1989-01-31 to 2012-12-31 return Sharpe ratio",
        f"break-even spread {1e4 * levered.by_return.spread:.0f} bp {1e4 * levered.by_sharpe.spread:.0f} bp",
        "excess at 0 bp 1.02 % -0.02",
        "excess at 50 bp (configured) 0.62 % -0.05",
        "excess at 100 bp 0.23 % -0.08",
        "note: the Sharpe ratio is below that of 60_40 even where the loan costs no more than cash",
    ):
        assert line in [" ".join(one.split()) for one in answer.out.splitlines()]


def test_json_has_the_same_numbers_and_the_whole_curve(levered: BreakEven) -> None:
    answer = command("breakeven", LEVERED, "--json")
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert found["return"]["spread_bps"] == pytest.approx(1e4 * levered.by_return.spread, abs=1e-8)
    assert levered.by_sharpe.interval is not None
    assert found["sharpe"]["interval_bps"] == pytest.approx([1e4 * end for end in levered.by_sharpe.interval], abs=1e-8)
    assert found["configured_spread_bps"] == 50
    assert [point["spread_bps"] for point in found["curve"]] == [25.0 * k for k in range(17)]
    assert found["curve"][2]["excess_return"] == levered.at(0.005).excess_return


def test_without_a_benchmark() -> None:
    answer = command("breakeven", CONFIGS / "60_40.yaml")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: 60_40 has no benchmark, and so nothing to break even with. "
        "Hint: benchmark: 60_40.yaml, a configuration beside it.\n"
    )


def test_a_run_that_never_borrows() -> None:
    """One line; as JSON no spread, and a flat curve."""
    answer = command("breakeven", CONFIGS / "erc.yaml")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "erc never borrows, so no spread matters: against 60_40 its compound return is 0.66 % a year lower, its Sharpe "
        "ratio 0.11 higher\n"
    )
    found = json.loads(command("breakeven", CONFIGS / "erc.yaml", "--json").out)
    assert (
        found["return"]
        == found["sharpe"]
        == {"spread_bps": None, "interval_bps": [None, None], "words": "no spread matters"}
    )
    assert len({point["excess_return"] for point in found["curve"]}) == 1


@pytest.mark.parametrize(
    ("asset", "cell", "note"),
    [
        ("stocks", "above 2,000 bp", "note: the compound return is above that of other at any spread up to 2,000 bp"),
        (
            "bonds",
            "below -2,000 bp",
            "note: the compound return is below that of other even where the loan costs no more",
        ),
    ],
)
def test_a_strategy_that_wins_or_loses_at_any_spread(tmp_path: Path, asset: str, cell: str, note: str) -> None:
    """A loan of a hundredth of NAV costs 0.2 % a year at the highest spread; 1.5 % a month stand against it."""
    wobble = 0.001 * np.resize([1.0, -1.0], 24)
    market(tmp_path, list(0.015 + wobble), list(0.0 + wobble))
    other = "bonds" if asset == "stocks" else "stocks"
    answer = command("breakeven", config(tmp_path, {"asset": asset, "multiple": 1.01}, {"asset": other}))
    assert (answer.code, answer.err) == (0, "")
    assert f"{cell}" in next(line for line in answer.out.splitlines() if line.startswith(" break-even"))
    assert note in answer.out
    found = json.loads(command("breakeven", tmp_path / "levered.yaml", "--json").out)
    assert found["return"]["spread_bps"] is None
    assert found["return"]["words"] == f"{cell}; {cell} to {cell}"


def test_against_a_benchmark_without_risk_there_is_no_sharpe_ratio(tmp_path: Path) -> None:
    market(tmp_path, random_months(12), [0.0] * 12)
    path = of_multiple(tmp_path, 1.5, {"asset": "bonds"})
    answer = command("breakeven", path)
    assert answer.code == 0
    assert answer.err.startswith("warning: bonds: the same value, 100, on 13 dates")
    rows = [line.split() for line in answer.out.splitlines() if line.startswith((" break-even", " excess"))]
    assert [row[-1] for row in rows] == ["-"] * 2
    found = json.loads(command("breakeven", path, "--json").out)
    assert (found["sharpe"]["spread_bps"], found["sharpe"]["words"]) == (None, "-; -")
    assert found["return"]["words"].startswith("above 2,000 bp")


def test_capital_lost_with_the_loan_at_the_price_of_cash(tmp_path: Path) -> None:
    market(tmp_path, [0.01, -0.6, 0.01, 0.02], [0.0] * 4)
    answer = command("breakeven", of_multiple(tmp_path, 2.0, {"asset": "bonds"}))
    assert (answer.code, answer.out) == (2, "")
    wanted = "error: levered loses all of its capital even where its loan costs no more than cash, on 2020-03-31"
    assert answer.err.splitlines()[-1].startswith(wanted)


def test_a_benchmark_that_loses_all_of_its_capital(tmp_path: Path) -> None:
    market(tmp_path, [0.0] * 4, [0.01, -0.6, 0.01, 0.02])
    answer = command("breakeven", of_multiple(tmp_path, 2.0, {"asset": "bonds", "multiple": 2.0}))
    assert answer.code == 2
    assert "the benchmark other lost all of its capital on 2020-03-31" in answer.err


def test_a_spread_that_ruins_counts_as_a_return_of_minus_one(tmp_path: Path) -> None:
    """99 % of NAV is lost at a spread of zero; 4 % a year more on a loan of 10 × NAV, and nothing is left."""
    market(tmp_path, [0.0, -0.0899, 0.01, 0.02], [0.0] * 4)
    found = break_even(of_multiple(tmp_path, 11.0, {"asset": "bonds"}))
    assert found.at(0.04).excess_return == -1
    assert -1 < found.at(0.0).excess_return < 0
    assert found.by_return.spread < 0


# 3. In the result of a run


def numbers_of(result: BacktestResult) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(json_bytes(result.summary()))
    return summary


def test_a_run_that_borrows_has_its_break_even_spreads(levered: BreakEven) -> None:
    """The same as those of the command, without intervals and the curve, which nobody asked for."""
    result = bt.run(LEVERED)
    found = result.break_even
    assert found is not None
    assert (found.by_return.spread, found.by_sharpe.spread) == (levered.by_return.spread, levered.by_sharpe.spread)
    assert (found.by_return.interval, found.by_sharpe.interval, found.curve) == (None, None, ())
    assert found.configured == levered.configured == levered.at(0.005)
    assert numbers_of(result)["break_even"] == {
        "return_bps": 1e4 * levered.by_return.spread,
        "return_interval_bps": None,
        "sharpe_bps": 1e4 * levered.by_sharpe.spread,
        "sharpe_interval_bps": None,
    }


def test_with_intervals_and_the_curve_on_request(levered: BreakEven, tmp_path: Path) -> None:
    text = LEVERED.read_text(encoding="utf-8") + "report: {break_even: true}\n"
    (tmp_path / "60_40.yaml").write_bytes((CONFIGS / "60_40.yaml").read_bytes())
    (tmp_path / "levered.yaml").write_text(text, encoding="utf-8")
    result = bt.run(tmp_path / "levered.yaml")
    assert result.break_even is not None
    assert (result.break_even.by_return, result.break_even.curve) == (levered.by_return, levered.curve)
    assert levered.by_return.interval is not None
    assert numbers_of(result)["break_even"]["return_interval_bps"] == [1e4 * end for end in levered.by_return.interval]
    assert "break_even" in render_all(result)


def test_a_run_that_does_not_borrow_or_has_no_benchmark_has_none() -> None:
    for name in ("erc", "60_40"):
        result = bt.run(CONFIGS / f"{name}.yaml")
        assert result.break_even is None
        assert "break_even" not in result.summary()


def test_what_reads_what_it_holds_is_not_asked_again_unless_that_is_wanted(tmp_path: Path) -> None:
    """It would be asked on every path; without the request the numbers are null."""
    market(tmp_path, random_months(40), random_months(40, 2))
    quiet = bt.run(config(tmp_path, {"name": "halfway"}, {"asset": "bonds"}))
    assert set(numbers_of(quiet)["break_even"].values()) == {None}
    asked = bt.run(config(tmp_path, {"name": "halfway"}, {"asset": "bonds"}, report={"break_even": True}))
    assert 0 < asked.summary()["break_even"]["return_bps"] < 1e4 * BOUND


def test_nothing_breaks_even_where_all_is_lost_or_beyond_what_is_looked_at(tmp_path: Path) -> None:
    """Ruin even at a spread of zero: null. So far ahead that no spread matters: infinite, which is null in JSON."""
    market(tmp_path, [0.0, -0.6, 0.1], [0.0, 0.01, 0.0])
    lost = bt.run(of_multiple(tmp_path, 2.0, {"asset": "bonds"}))
    assert lost.break_even is None
    assert set(numbers_of(lost)["break_even"].values()) == {None}
    market(tmp_path, [0.3, 0.2, 0.3], [0.0, 0.01, 0.0])
    ahead = bt.run(of_multiple(tmp_path, 2.0, {"asset": "bonds"}))
    assert ahead.summary()["break_even"]["return_bps"] == math.inf
    assert numbers_of(ahead)["break_even"]["return_bps"] is None


def test_a_spread_that_cannot_be_traded_does_not_stop_the_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """11 times NAV, every month in the other asset: twice 3 % of the first NAV.

    Free of a spread it is ahead; at 10 % a year NAV falls to where selling one asset leaves something, and buying the
    other does not.
    """
    market(tmp_path, [0.01, 0.0105] * 40, [0.0101, 0.0104] * 40)
    write_strategy(tmp_path, "switching", SWITCHING)
    costs: dict[str, Any] = {"costs": {"fixed": 3.0}, "initial_capital": 100.0}
    path = config(tmp_path, {"name": "switching"}, {"asset": "bonds", "multiple": 0.1}, **costs)
    with caplog.at_level("WARNING"):
        result = bt.run(path)
    assert result.nav.iloc[-1] > 1
    assert set(numbers_of(result)["break_even"].values()) == {None}
    assert "no break-even spread of levered: trading to a gross exposure of 11 would cost all of the NAV" in caplog.text


# 4. Of other financing


def test_of_futures_it_is_the_basis_of_all(tmp_path: Path) -> None:
    """A run with that basis ties; its roll and margin stay. The default basis, by asset, is no one spread."""
    market(tmp_path, random_months(60), random_months(60, 2))
    terms = {"kind": "futures", "roll_bps": 3, "allow_negative_spread": True, "maintenance_margin": 0.1}
    more: dict[str, Any] = {"cash": 0.01, "costs": {"trading_bps": 10}}
    path = of_multiple(tmp_path, 1.6, {"asset": "bonds"}, financing={**terms, "basis_bps": {"stocks": 20}}, **more)
    found = break_even(path)
    assert (found.financing, found.borrows) == ("futures", True)
    assert math.isnan(found.configured.spread)
    summary = bt.run(path).summary()
    excess = summary["cagr"] - summary["benchmark"]["cagr"]
    assert found.configured.excess_return == pytest.approx(excess, abs=1e-12)
    said = command("breakeven", path).out
    assert "excess as configured" in said
    assert "spread: the basis of all futures" in said
    basis = {**terms, "basis_bps": 1e4 * found.by_return.spread}
    tied = bt.run(of_multiple(tmp_path, 1.6, {"asset": "bonds"}, financing=basis, **more)).summary()
    assert tied["cagr"] == pytest.approx(tied["benchmark"]["cagr"], abs=1e-9)
    assert tied["break_even"]["return_bps"] == pytest.approx(1e4 * found.by_return.spread, abs=1e-8)


def test_of_leveraged_funds_it_is_their_swap_spread(tmp_path: Path) -> None:
    dates = pd.bdate_range("2020-01-01", periods=300)
    levels = 100 * np.cumprod(1 + 0.0008 + 0.01 * np.random.default_rng(8).standard_normal((300, 2)), axis=0)
    market(tmp_path, [0.0], [0.0])
    write_csv(pd.DataFrame(levels, index=dates, columns=["stocks", "bonds"]), tmp_path / "prices.csv")
    terms = {"kind": "leveraged_fund", "leverage": 2, "expense_ratio_bps": 50}
    found = break_even(of_multiple(tmp_path, 1.8, {"asset": "bonds"}, financing={**terms, "swap_spread_bps": 40}))
    assert (found.financing, found.configured.spread) == ("leveraged_fund", 0.004)
    assert 0 < found.by_return.spread < BOUND
    tied = {**terms, "swap_spread_bps": 1e4 * found.by_return.spread}
    summary = bt.run(of_multiple(tmp_path, 1.8, {"asset": "bonds"}, financing=tied)).summary()
    assert summary["cagr"] == pytest.approx(summary["benchmark"]["cagr"], abs=1e-9)


@pytest.mark.parametrize("spread", [{"spread_bps": {"2020-01-01": 50, "2021-01-01": 100}}, {"tiers": {0: 100, 5: 50}}])
def test_a_spread_by_date_or_by_size_is_no_one_number(tmp_path: Path, spread: dict[str, Any]) -> None:
    market(tmp_path, random_months(40), random_months(40, 2))
    found = break_even(of_multiple(tmp_path, 1.6, {"asset": "bonds"}, financing=spread, initial_capital=10.0))
    assert math.isnan(found.configured.spread)
    assert [point.spread for point in found.curve] == list(GRID)
