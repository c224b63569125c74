"""The headline contract: what happens after a date changes nothing up to it, bit for bit.

Theorem (design, "No look-ahead"): dates are known in advance, values are not. Take an input file and any date D;
overwrite every value after D, those of assets, cash, the benchmark's assets and macro series alike. Then no weight
decided, no trade, no NAV, no cost, no contribution of return or risk up to and including D changes by a single bit.
A failure means that some number of the report rests on what nobody could know: the run is worth nothing.

From file to file: `leaks` runs a configuration on a CSV file, overwrites the file, runs again, and compares the very
bytes of the output files, row by row up to D. No tolerance anywhere: an equal double is written as equal bytes.

Three parts: the contract for every strategy there is; the harness itself, which has to catch runs that do cheat; and
the numerical kernels, which work on stacks of dates at once, where a date's bits must not depend on its neighbours.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.config import RunConfig, load_config
from backtest.data.market_data import MarketData
from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods
from backtest.engine.simulation import simulate
from backtest.engine.terms import FeeTerms, LoanTerms, Terms, TradingTerms
from backtest.estimation.methods.sample_covariance import Sample, rolling_sample_covariance
from backtest.reporting.files.report_files import csv_bytes, tables
from backtest.risk import risk_contributions, risk_parity_weights
from backtest.strategy.discovery import strategy_files
from support.builders.engine_markets import all_priced
from support.builders.market_files import dates_of, random_levels, write_config, write_csv, write_strategy

STRATEGIES = sorted(strategy_files(Path(__file__).parents[2] / "configs"))
"""All that the project ships, found as its configurations find them: a new file is held to the contract too."""

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "levered_erc": [{}, {"target_volatility": "benchmark"}],
    "minimum_variance": [{}, {"max_weight": 0.6}],
    "hierarchical_risk_parity": [{}, {"linkage": "ward"}],
    "erc_expected_shortfall": [
        {"window": 14},
        {"window": 14, "distribution": "gaussian"},
    ],
}
"""Settings, the defaults or others, under which a strategy reads something else of its view or needs less history."""

CLASSES = {"spx": "equities", "ust": "bonds", "gold": "commodities", "oil": "commodities"}
COLUMNS = {"spx": 0.16, "ust": 0.06, "gold": 0.15, "oil": 0.3, "world": 0.2, "bills": 0.002, "cpi": 0.01}
"""Volatility of each column: four assets, one that only the benchmark holds, cash, and a macro series."""

LENGTHS = {"daily": 90, "monthly": 42}
WINDOWS = {"daily": 20, "monthly": 12}

Overwrite = Callable[[pd.DataFrame, int, np.random.Generator], pd.DataFrame]


# ---------------------------------------------------------------------------------------------------------- the harness


@dataclass(frozen=True)
class Case:
    """A run and its benchmark, as files in a folder."""

    strategy: str
    settings: Mapping[str, Any]
    spacing: str = "daily"
    lag: int = 1
    ragged: bool = False
    values: str = "prices"
    leverage: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        settings = [*self.settings.values(), *(self.leverage or {}).values()]
        words = [self.strategy, *map(str, settings), self.spacing, f"lag{self.lag}"]
        return "-".join(
            [*words, *(["ragged"] if self.ragged else []), *(["returns"] if self.values == "returns" else [])]
        )

    @property
    def frequency(self) -> str:
        """Daily data is rebalanced weekly, so that most dates decide nothing; monthly data on every date."""
        return "weekly" if self.spacing == "daily" else "monthly"


def market(case: Case) -> pd.DataFrame:
    """The values of the file: total-return levels, or returns."""
    rng = np.random.default_rng(17)
    dates = dates_of(case.spacing, LENGTHS[case.spacing], rng)
    frame = pd.DataFrame(random_levels(dates, list(COLUMNS.values()), rng), index=dates, columns=list(COLUMNS))
    if case.values == "returns":
        frame = frame.pct_change().iloc[1:]
    if case.ragged:
        frame.loc[: frame.index[len(frame) // 3], "gold"] = np.nan
        frame.loc[frame.index[3 * len(frame) // 4] :, "oil"] = np.nan
    return frame


def write_files(folder: Path, case: Case) -> Path:
    """The configuration of the case, its benchmark's beside it; every cost is charged, so that each is compared."""
    terms: dict[str, Any] = {
        "estimation": {"covariance": "sample", "window": WINDOWS[case.spacing]},
        "costs": {"trading_bps": 15},
        "financing": {"spread_bps": 60, "cash_spread_bps": 20, "borrow_fee_bps": 30},
        "fees": {"management_bps": 25, "expense_ratio_bps": 12},
    }
    source: dict[str, Any] = {"source": "csv", "path": "market.csv", "values": case.values, "cash": "bills"}
    source["periods_per_year"] = 12  # of days too: so that trailing years fit into few rows
    followed = "benchmark" in (  # it may hold only what the run has a covariance of
        case.settings.get("target_volatility"),
        (case.leverage or {}).get("target_volatility"),
    )
    held = ["spx" if followed else "world", "ust"]
    write_config(
        folder / "benchmark.yaml",
        **terms,
        data={**source, "assets": held, "classes": {held[0]: "equities", "ust": "bonds"}},
        strategy={"name": "sixty_forty"},
        rebalance={"frequency": "monthly", "execution_lag": case.lag},
    )
    return write_config(
        folder / "run.yaml",
        **terms,
        data={**source, "assets": list(CLASSES), "classes": CLASSES, "ragged": case.ragged},
        strategy={"name": case.strategy, **case.settings},
        leverage=case.leverage,
        rebalance={"frequency": case.frequency, "execution_lag": case.lag},
        benchmark="benchmark.yaml",
    )


def outputs(config: RunConfig) -> dict[str, bytes]:
    """Every CSV file that a run leaves, by name; the data is read from its file each time."""
    return {name: csv_bytes(table) for name, table in tables(bt.run(config)).items()}


def rows_until(csv: bytes, day: pd.Timestamp) -> list[bytes]:
    """The header, and the rows of dates up to and including a day."""
    header, *rows = csv.splitlines()
    return [header, *(row for row in rows if row[:10] <= f"{day:%Y-%m-%d}".encode())]


class Harness:
    """Runs a case in a folder, and again with the file overwritten after a date."""

    def __init__(self, folder: Path, case: Case) -> None:
        self.case, self.csv = case, folder / "market.csv"
        self.values = market(case)
        write_csv(self.values, self.csv)
        self.config = load_config(write_files(folder, case))
        self.before = outputs(self.config)

    def leaks(self, row: int, overwrite: Overwrite) -> list[str]:
        """The output files that differ on or before the date at `row`, once all values after it are overwritten."""
        changed = overwrite(self.values.copy(), row, np.random.default_rng(row))
        known, later = slice(None, row + 1), slice(row + 1, None)
        assert changed.iloc[known].equals(self.values.iloc[known]), "the harness may not touch what is known"
        same = (changed.iloc[later] == self.values.iloc[later]).any(axis=None)
        assert not same, "the harness has to overwrite all that is not known"
        write_csv(changed, self.csv)
        try:
            after = outputs(self.config)
        finally:
            write_csv(self.values, self.csv)
        day = self.values.index[row]
        assert after["nav"] != self.before["nav"], "what follows has to differ, or nothing was put to the test"
        assert after.keys() == self.before.keys()
        return [name for name, csv in self.before.items() if rows_until(csv, day) != rows_until(after[name], day)]

    def cuts(self) -> dict[str, int]:
        """Rows after which to overwrite: each of another kind to the run."""
        dates = pd.DatetimeIndex(self.values.index)
        decided = pd.DatetimeIndex([row[:10].decode() for row in self.before["target_weights"].splitlines()[1:]])
        second, middle = (int(dates.searchsorted(decided[k])) for k in (1, 2 * len(decided) // 3))
        return {
            "the second decision": second,
            "before a decision": middle - 1,
            "a decision": middle,
            "the trade of a lag of 1": middle + 1,
            "the last that has an after": len(dates) - 2,
        }

    def caught(self) -> set[str]:
        """The output files that leak, cut on a decision: whoever looks a day ahead has looked past that."""
        return set(self.leaks(self.cuts()["a decision"], wilder))


def wilder(frame: pd.DataFrame, row: int, rng: np.random.Generator) -> pd.DataFrame:
    """Another future, wilder but short of a ruin of three times levered bonds; what is missing stays missing."""
    shape = (len(frame) - row - 1, frame.shape[1])
    if (frame.fillna(1) > 0).all(axis=None):
        frame.iloc[row + 1 :] *= rng.uniform(0.9, 1.12, size=shape)
    else:
        later = frame.iloc[row + 1 :]
        frame.iloc[row + 1 :] = np.where(later.isna(), np.nan, rng.uniform(-0.1, 0.12, size=shape))
    return frame


def backwards(frame: pd.DataFrame, row: int, rng: np.random.Generator) -> pd.DataFrame:
    """The same values in the other order, moved a little: extremes, quantiles and means of the file stay near."""
    later = frame.iloc[row + 1 :]
    moved = later[::-1].to_numpy() * (1 if (frame.fillna(1) > 0).all(axis=None) else -0.5)
    frame.iloc[row + 1 :] = np.where(later.isna() | np.isnan(moved), later * 0.9, moved * rng.uniform(0.98, 1.02))
    return frame


def ended(frame: pd.DataFrame, row: int, rng: np.random.Generator) -> pd.DataFrame:
    """Another future, without a price of gold: whether one will be there is not known in advance either."""
    return wilder(frame, row, rng).assign(gold=frame["gold"].where(np.arange(len(frame)) <= row))


# ------------------------------------------------------------------------------------- the contract, for every strategy


def cases() -> list[Case]:
    """Each strategy with every pair of spacing, lag and raggedness (half of all triples has all pairs)."""
    return [
        Case(name, settings, spacing, lag, ragged=(spacing == "monthly") == (lag == 0))
        for name in STRATEGIES
        for settings in SETTINGS.get(name, [{}])
        for spacing in LENGTHS
        for lag in (0, 1)
    ]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_no_value_after_a_date_changes_anything_up_to_it(tmp_path: Path, case: Case) -> None:
    """For each strategy, on daily and monthly data, at lags 0 and 1, with common dates and ragged ones."""
    harness = Harness(tmp_path, case)
    cuts = harness.cuts()
    early_and_late = ["the second decision", "the last that has an after"]
    around_a_decision = ["before a decision", "a decision", "the trade of a lag of 1"]
    for name in early_and_late if case.ragged else around_a_decision:
        assert harness.leaks(cuts[name], backwards if name == "a decision" else wilder) == [], name
    day = harness.values.index[cuts["before a decision"]]
    compared = {name: len(rows_until(csv, day)) - 1 for name, csv in harness.before.items()}
    del compared["attribution"]  # a row a calendar year: of one or two here
    assert min(compared.values()) >= 5, f"too few rows to mean anything: {compared}"


@pytest.mark.parametrize("name", STRATEGIES)
def test_nor_whether_an_asset_will_still_have_a_price(tmp_path: Path, name: str) -> None:
    """Ragged data: an asset that ends after D gives the same bits up to D as one that goes on.

    The simulation walks from one event to the next, and its end of prices is such an event: where it comes later or
    earlier, the same periods are worked out in longer or shorter arrays, which must not show.
    """
    harness = Harness(tmp_path, Case(name, SETTINGS.get(name, [{}])[0], "daily", 1, ragged=True))
    cuts = harness.cuts()
    for when in ("a decision", "the trade of a lag of 1"):
        assert harness.leaks(cuts[when], ended) == [], when


LEVERAGE: list[dict[str, Any]] = [
    {"multiple": 1.5},
    {"target_volatility": 0.1, "smoothing": 0.7, "min_gross_exposure": 0.5},
    {"target_volatility": 0.1, "window": 8, "smoothing": 0.7},
    {"target_volatility": "benchmark", "window": 8},
    {"debt": 0.6},
]


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("leverage", LEVERAGE, ids=lambda one: "-".join(map(str, one.values())))
def test_nor_any_leverage(tmp_path: Path, leverage: dict[str, Any], ragged: bool) -> None:
    """What is remembered of earlier decisions, a window of its own, and NAV on the way: none of it sees what comes."""
    case = Case("inverse_volatility", {}, lag=0 if ragged else 1, ragged=ragged, leverage=leverage)
    harness = Harness(tmp_path, case)
    cuts = harness.cuts()
    for name in ("the second decision", "a decision"):
        assert harness.leaks(cuts[name], wilder) == [], name


def test_nor_any_return_where_the_file_holds_returns(tmp_path: Path) -> None:
    """The same of a file of returns, which is compounded to prices on the way in."""
    harness = Harness(tmp_path, Case("levered_erc", {}, "monthly", 0, values="returns"))
    cuts = harness.cuts()
    assert {name: harness.leaks(row, wilder) for name, row in cuts.items()} == {name: [] for name in cuts}


def test_nor_a_ruin_to_come(tmp_path: Path) -> None:
    """A run that will lose all of its capital after D looks up to D like one that will not."""
    harness = Harness(tmp_path, Case("levered_erc", {"target_volatility": 0.5}, "daily", 1))
    row = harness.cuts()["a decision"]
    day = harness.values.index[row]
    expected = {name: table.loc[:day] for name, table in tables(bt.run(harness.config)).items()}
    doomed = harness.values.copy()
    doomed.loc[doomed.index > day, list(CLASSES)] *= 0.3  # levered at most 3 times: the rest of the benchmark's is left
    write_csv(doomed, harness.csv)
    result = bt.run(harness.config)
    assert result.nav.iloc[-1] == 0
    for name, table in tables(result).items():
        assert csv_bytes(table.loc[:day]) == csv_bytes(expected[name]), name


# -------------------------------------------------------------------------------------- the harness has to catch cheats

HEAD = """
import sys
from pathlib import Path
from typing import ClassVar
import numpy as np
import pandas as pd
from backtest.strategy import MarketView, Strategy

def tilted(returns, view):
    returns = returns[list(view.assets)]
    return 0.25 + returns - returns.mean()
"""

CHEATS = {
    "reads_the_file": """
class Cheat(Strategy):
    '''Opens the input file and looks up the next returns.'''
    def target_weights(self, view):
        prices = pd.read_csv(Path(__file__).parents[1] / "market.csv", index_col=0, parse_dates=True)
        later = prices.loc[prices.index > view.as_of, list(view.assets)]
        if len(later) < 2:
            return pd.Series(0.2, index=list(view.assets))
        return tilted(later.iloc[1] / later.iloc[0], view)
""",
    "remembers_elsewhere": """
class Cheat(Strategy):
    '''Keeps what it was shown of later dates, as its benchmark, and uses it at earlier ones.'''
    def target_weights(self, view):
        seen = sys._planted_memory
        seen[view.as_of] = view.prices.iloc[-1]
        later = [prices for date, prices in seen.items() if date > view.as_of and set(view.assets) <= set(prices.index)]
        if not later:
            return pd.Series(0.25, index=list(view.assets))
        return tilted(later[-1] / view.prices.iloc[-1], view)
""",
}


@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.parametrize("cheat", CHEATS)
def test_a_planted_cheating_strategy_is_caught(
    tmp_path: Path, cheat: str, lag: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A harness that lets one of these through would let the next one through too: then the contract says nothing."""
    monkeypatch.setattr(sys, "_planted_memory", {}, raising=False)
    write_strategy(tmp_path, "cheat", HEAD + CHEATS[cheat])
    case = Case("cheat", {}, "daily", lag)
    if cheat == "remembers_elsewhere":
        write_benchmark_of_the_same(tmp_path, monkeypatch)
    harness = Harness(tmp_path, case)
    expected = (
        {"target_weights"} if lag else {"target_weights", "trades", "weights"}
    )  # at a lag of 1 it is traded after D
    assert harness.caught() >= expected


def write_benchmark_of_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the benchmark the cheat itself: it is run first, over all dates."""
    written = write_files

    def with_such_a_benchmark(place: Path, case: Case) -> Path:
        config = written(place, case)
        text = config.read_text(encoding="utf-8").replace('"benchmark": "benchmark.yaml"', '"report": {}')
        (folder / "benchmark.yaml").write_text(text, encoding="utf-8")
        return config

    monkeypatch.setitem(globals(), "write_files", with_such_a_benchmark)


HONEST = Sample.covariances


@pytest.mark.parametrize("lag", [0, 1])
def test_a_cheating_estimator_is_caught(tmp_path: Path, lag: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A covariance whose window reaches one row past its date: the commonest slip, an index off by one."""

    def one_late(own: Sample, excess: np.ndarray, rows: Sequence[int], periods_per_year: int) -> np.ndarray:
        shifted = np.vstack([excess[1:], excess[-1:]])
        return HONEST(own, shifted, rows, periods_per_year)

    monkeypatch.setattr(Sample, "covariances", one_late)
    harness = Harness(tmp_path, Case("inverse_volatility", {}, "daily", lag))
    expected = {"target_weights", "risk_contributions"}
    assert harness.caught() >= (expected if lag else expected | {"weights", "trades", "nav"})


def test_an_estimator_of_the_whole_sample_is_caught_on_fixed_weights_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With fixed weights no NAV rests on the covariance, yet the report's risk contributions do: they are compared."""

    def whole(own: Sample, excess: np.ndarray, rows: Sequence[int], periods_per_year: int) -> np.ndarray:
        honest = HONEST(own, excess, rows, periods_per_year)
        return np.where(np.isfinite(honest), np.cov(excess[1:].T), honest)

    monkeypatch.setattr(Sample, "covariances", whole)
    harness = Harness(tmp_path, Case("equal_weight", {}))
    assert harness.caught() == {"risk_contributions", "forecast_volatility"}


def test_leverage_smoothed_in_hindsight_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean of all multiples of the run, before and after: smooth, and known to nobody."""
    monkeypatch.setattr(
        "backtest.strategy.scaling.smoothed", lambda wanted, *_: np.full_like(wanted, np.nanmean(wanted))
    )
    harness = Harness(tmp_path, Case("equal_weight", {}, leverage={"target_volatility": 0.1, "smoothing": 0.5}))
    assert harness.caught() >= {"target_weights", "risk_contributions"}


def test_data_cleaned_in_hindsight_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Returns clipped to quantiles of the whole sample, as careless outlier cleaning does."""
    from backtest.data.load import load

    def cleaned(*settings: Any) -> MarketData:
        data = load(*settings)
        returns = data.returns.clip(data.returns.quantile(0.1), data.returns.quantile(0.9), axis=1)
        return replace(data, prices=(1 + returns.fillna(0.0)).cumprod(), returns=returns)

    monkeypatch.setattr("backtest.runs.pipeline.load", cleaned)
    harness = Harness(tmp_path, Case("equal_weight", {}))
    assert harness.caught() >= {"nav", "returns", "contributions"}


def test_an_honest_strategy_of_ones_own_is_not_accused(tmp_path: Path) -> None:
    """The harness cries wolf at nobody: momentum on the past, written the way the cheats are, passes."""
    honest = "class Honest(Strategy):\n    '''More of past winners.'''\n    def target_weights(self, view):\n"
    honest += "        return tilted(view.prices.iloc[-1] / view.prices.iloc[0], view)\n"
    write_strategy(tmp_path, "honest", HEAD + honest)
    harness = Harness(tmp_path, Case("honest", {}))
    assert harness.caught() == set()


# --------------------------------------------------------------------------- the kernels: no date's bits from another's


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 17])
def test_a_stack_of_problems_is_solved_as_each_alone(count: int) -> None:
    """Weights and risk contributions of one date are the same bits in any stack: alone, first, last, among others.

    The stack of a run is all of its dates. SIMD lanes, blocked products and shared stopping rules are ways in which
    one matrix of a stack could touch another's last bits, so sizes on both sides of powers of two are tried, with
    volatilities over three orders of magnitude, correlations near one, and windows hardly longer than the assets.
    """
    rng = np.random.default_rng(count)
    for stack, window, common in [(2, count + 2, 0.0), (5, 3 * count + 3, 3.0), (23, 60 + count, 20.0), (64, 60, 1.0)]:
        shape = (stack, max(window, count + 2), count)
        returns = rng.standard_normal(shape) + common * rng.standard_normal((*shape[:2], 1))
        returns *= 10 ** rng.uniform(-3, 0, (stack, 1, count))
        returns -= returns.mean(axis=1, keepdims=True)
        covariances = returns.swapaxes(1, 2) @ returns / (shape[1] - 1)
        budgets = rng.dirichlet(np.full(count, 2.0))
        for shares in (None, budgets):
            weights = risk_parity_weights(covariances, shares)
            contributions = risk_contributions(weights, covariances)
            for k in range(0, stack, 1 + stack // 8):
                for part, at in ((slice(k, k + 1), 0), (slice(k, None), 0), (slice(None, k + 1), -1)):
                    solved = risk_parity_weights(covariances[part], shares)[at]
                    assert solved.tobytes() == weights[k].tobytes(), (k, part)
                    risk = risk_contributions(weights[part], covariances[part])[at]
                    assert risk.tobytes() == contributions[k].tobytes(), (k, part)


@pytest.mark.parametrize("count", [1, 3, 4, 8, 17])
def test_a_covariance_is_its_window_and_nothing_else(count: int) -> None:
    """Each date's matrix has the same bits whatever else is asked for, and whatever stands outside its window."""
    rng = np.random.default_rng(count)
    excess = rng.standard_normal((90, count)) * 0.02
    rows, window = [20, 21, 40, 77, 89], 21
    together = rolling_sample_covariance(excess, rows, window)
    for k, row in enumerate(rows):
        outside = rng.standard_normal(excess.shape)
        outside[row + 1 - window : row + 1] = excess[row + 1 - window : row + 1]
        alone = rolling_sample_covariance(outside, [row], window)[0]
        cut = rolling_sample_covariance(excess[: row + 1], rows[: k + 1], window)[-1]
        assert alone.tobytes() == together[k].tobytes()
        assert cut.tobytes() == together[k].tobytes()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_a_period_is_simulated_as_itself(count: int) -> None:
    """The ledger up to a date has the same bits if the data ends there, a period later or much later.

    Periods between two trades are worked out as one array; how long it is depends on what comes later. Weights with
    shorts and loans, so that every term of the ledger is there.
    """
    rng = np.random.default_rng(count)
    length = 60
    returns = rng.normal(0.0, 0.01, (length, count))
    periods = all_priced(returns, rng.normal(1e-4, 1e-5, length), np.full(length, 3))
    terms = Terms(
        TradingTerms(rng.uniform(0, 0.01, count)),
        LoanTerms(0.01, cash_spread=0.002, borrow_fee=rng.uniform(0, 0.05, count)),
        fees=FeeTerms(expense_ratio=rng.uniform(0, 0.05, count), management=0.01),
    )
    decisions = [0, 20, 40]
    targets = rng.normal(1.6 / count, 0.6, (3, count))
    whole = simulate(periods, decisions, targets, 1, terms)
    for end in range(3, length):
        part = simulate(until(periods, end), decisions, targets, 1, terms)
        before = end - 1 - whole.start  # on the last date itself nothing is traded, so it may differ there
        for name in LEDGER:
            got, wanted = getattr(part, name)[:before], getattr(whole, name)[:before]
            assert got.tobytes() == wanted.tobytes(), (name, end)


LEDGER = [
    name
    for name in Ledger.__dataclass_fields__
    if not name.startswith("trade")
    and name not in ("start", "targets", "executed", "called", "shortfall", "unpriced_sales")
]


def until(periods: Periods, end: int) -> Periods:
    """The first `end` dates."""
    return Periods(periods.prices[:end], periods.cash_returns[:end], periods.days[:end])
