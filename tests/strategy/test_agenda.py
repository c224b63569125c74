"""Covariances are estimated for slices of dates; results must not depend on where the slices are cut.

Dates of one slice may share sums, so covariances agree up to rounding, weights up to the accuracy of the solver, and
NAV after 300 rebalances to 1e-10.
"""

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from weakref import ref

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.strategy import agenda
from backtest.strategy.agenda import Agenda
from backtest.strategy.decisions import ViewBatch
from backtest.strategy.view_history import History
from support.builders.market_files import write_strategy

CONFIGS = Path(__file__).parents[2] / "configs"
DATES = pd.bdate_range("2020-01-01", periods=40)
PRICES = np.cumsum(np.ones((40, 2)), axis=0)
HISTORY = History(DATES, ("a", "b"), PRICES, PRICES, PRICES[:, 0], MappingProxyType({}), 252)


def views_of(rows: Sequence[int]) -> ViewBatch:
    """Views whose covariances contain the number of their row."""
    covariances = np.array(rows, dtype=float)[:, None, None] * np.ones((1, 2, 2))
    return ViewBatch(HISTORY, rows, covariances, np.ones((len(rows), 2), dtype=bool))


@pytest.mark.parametrize("window", [1, 7, 12, 1000])
@pytest.mark.parametrize("dates_at_a_time", [1, 3, 4, 9, 10, 100])
def test_every_date_comes_once_with_its_own_view(
    monkeypatch: pytest.MonkeyPatch, dates_at_a_time: int, window: int
) -> None:
    """This holds from any date to any other, by position and in order."""
    monkeypatch.setattr(agenda, "_ELEMENTS", 4 * dates_at_a_time)
    rows = list(range(1, 40, 4))
    dates = Agenda(DATES, rows, views_of, count=2, window=window)
    for first, end in [(0, 10), (0, 1), (3, 10), (4, 8), (9, 10), (5, 5)]:
        parts = list(dates.slices(first, end))
        assert [row for part in parts for row in part.rows] == rows[first:end]
        assert [value for part in parts for value in part.covariances[:, 0, 0]] == rows[first:end]
        assert all(len(part.rows) <= dates_at_a_time for part in parts)
    for k in [7, 0, 9, 3, 2]:
        batch, at = dates.at(k)
        assert batch.covariances[at, 1, 1] == batch.rows[at] == rows[k]


def test_slices_are_cut_at_the_same_dates_wherever_a_run_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only positions decide which dates are estimated together, and no slice is requested twice in a row."""
    monkeypatch.setattr(agenda, "_ELEMENTS", 4 * 3)
    seen: list[list[int]] = []

    def ask(rows: Sequence[int]) -> ViewBatch:
        seen.append(list(rows))
        return views_of(rows)

    dates = Agenda(DATES, list(range(8)), ask, count=2, window=1000)
    for first in (0, 4):
        dates.at(first)
        list(dates.slices(first, 8))
    assert seen == [[0, 1, 2], [3, 4, 5], [6, 7], [3, 4, 5], [6, 7]]


def test_slices_end_where_a_window_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums that windows share are made once: no span of a window's rows is cut in two, unless it is too large."""
    monkeypatch.setattr(agenda, "_ELEMENTS", 4 * 3)
    rows = [1, 4, 9, 12, 15, 21, 22, 23, 24, 38]
    parts = Agenda(DATES, rows, views_of, count=2, window=10).slices(0, 10)
    assert [part.rows for part in parts] == [[1, 4, 9], [12, 15], [21, 22, 23], [24, 38]]


@pytest.mark.parametrize("window", [1, 7, 12, 1000])
@pytest.mark.parametrize("dates_at_a_time", [1, 3, 4, 9, 10, 100])
def test_slices_do_not_depend_on_later_dates(
    monkeypatch: pytest.MonkeyPatch, dates_at_a_time: int, window: int
) -> None:
    """Data that ends earlier has the same slices up to its end: no bit of their estimates may change."""
    monkeypatch.setattr(agenda, "_ELEMENTS", 4 * dates_at_a_time)
    rows = [1, 4, 9, 12, 15, 21, 22, 23, 24, 38]

    def begins(count: int) -> list[int]:
        dates = Agenda(DATES, rows[:count], views_of, count=2, window=window)
        return [part.rows[0] for part in dates.slices(0, count)]

    for count in range(1, 10):
        assert begins(count) == [row for row in begins(10) if row <= rows[count - 1]]


def test_slice_is_freed_before_the_next_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two slices at a time would take twice the memory."""
    monkeypatch.setattr(agenda, "_ELEMENTS", 4 * 2)
    made: list[ref[np.ndarray]] = []

    def ask(rows: Sequence[int]) -> ViewBatch:
        assert [one() for one in made if one() is not None] == []
        batch = views_of(rows)
        made.append(ref(batch.covariances))
        return batch

    for batch in Agenda(DATES, list(range(7)), ask, count=2, window=1000).slices(1, 7):
        assert len(batch.rows) in (1, 2)
        del batch
    assert len(made) == 4


READS_WEIGHTS = """
from typing import ClassVar

import pandas as pd

from backtest.strategy import MarketView, Strategy


class Patient(Strategy):
    '''Half way from the holdings to inverse variances.'''

    reads_current_weights: ClassVar[bool] = True

    def target_weights(self, view: MarketView) -> pd.Series:
        wanted = 1 / view.volatility**2
        return (view.current_weights + wanted / wanted.sum()) / 2
"""


@pytest.mark.parametrize("dates_at_a_time", [1, 5])
@pytest.mark.parametrize("name", ["erc", "levered_erc", "patient"])
def test_run_does_not_depend_on_the_size_of_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, dates_at_a_time: int
) -> None:
    """Every table of the result, and the benchmark's NAV; also of a strategy that is asked within the simulation."""
    config = CONFIGS / f"{name}.yaml"
    if name == "patient":
        write_strategy(tmp_path, "patient", READS_WEIGHTS)
        config = tmp_path / "patient.yaml"
        text = (CONFIGS / "erc.yaml").read_text(encoding="utf-8")
        config.write_text(text.replace("name: erc", "name: patient").replace("benchmark: 60_40.yaml", ""))
    whole = bt.run(config)
    monkeypatch.setattr(agenda, "_ELEMENTS", len(whole.assets) ** 2 * dates_at_a_time)
    parts = bt.run(config)
    for table in ("nav", "weights", "target_weights", "trades", "risk_contributions", "asset_volatilities"):
        got, expected = getattr(parts, table), getattr(whole, table)
        assert got.index.equals(expected.index)
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-13, err_msg=table)
    assert parts.notes == whole.notes
