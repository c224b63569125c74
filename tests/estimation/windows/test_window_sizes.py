"""Assets and rows of a window with missing returns."""

import numpy as np
import pytest

from backtest.errors import EstimationError
from backtest.estimation.windows.window_sizes import complete_windows, shortened_windows, window_places


def table(*rows: str) -> np.ndarray:
    """Return a table with 0.01 wherever a row has an x."""
    return np.array([[0.01 if cell == "x" else np.nan for cell in row] for row in rows])


def test_complete_assets_have_all_returns_of_the_window() -> None:
    returns = table("xx.", "xxx", "x.x", "xxx", "xxx", "xxx")
    found = [
        (at, columns.tolist(), kept.tolist())
        for at, columns, kept in window_places(returns, [1, 2, 4, 5], 3, "complete_assets")
    ]
    assert found == [(1, [0], [0, 1, 2]), (2, [0, 2], [2, 3, 4]), (3, [0, 1, 2], [3, 4, 5])]


def test_complete_rows_count_from_when_an_asset_joins() -> None:
    """The third asset joins on row 1: it is available from row 4 on, and its rows count only from then on."""
    returns = table("xx.", "xxx", "x.x", "xxx", "xx.", "xxx")
    found = [
        (at, columns.tolist(), kept.tolist())
        for at, columns, kept in window_places(returns, [3, 4, 5], 4, "complete_rows")
    ]
    assert found == [(0, [0, 1], [0, 1, 3]), (1, [0, 1], [1, 3, 4]), (2, [0, 1, 2], [3, 5])]


def test_asset_without_a_return_on_the_date_is_not_available() -> None:
    """It may have left for good: its missing rows must not remove rows of the others."""
    returns = table("xx", "xx", "xx", "x.", "x.")
    assert [c.tolist() for _, c, _ in window_places(returns, [2, 3, 4], 3, "complete_rows")] == [[0, 1], [0], [0]]


def test_expanding_window_begins_when_all_available_assets_have_returns() -> None:
    returns = table("x.", "xx", "xx", ".x", "xx", "xx", "xx")
    places = window_places(returns, [2, 5, 6], 2, "complete_assets", expanding=True)
    assert [(c.tolist(), kept.tolist()) for _, c, kept in places] == [
        ([0, 1], [1, 2]),
        ([0, 1], [4, 5]),
        ([0, 1], [4, 5, 6]),
    ]
    places = window_places(returns, [2, 5, 6], 2, "complete_rows", expanding=True)
    assert [(c.tolist(), kept.tolist()) for _, c, kept in places] == [
        ([0, 1], [1, 2]),
        ([0, 1], [1, 2, 4, 5]),
        ([0, 1], [1, 2, 4, 5, 6]),
    ]


def test_dates_without_assets_are_skipped() -> None:
    assert list(complete_windows(table("..", "..", ".."), [2], 2, "complete_rows")) == []
    assert list(complete_windows(np.empty((3, 0)), [2], 2, "complete_assets")) == []


def test_windows_are_read_only() -> None:
    """A window without omissions may be the caller's table itself."""
    ((_, _, returns),) = complete_windows(table("x", "x", "x"), [2], 2, "complete_assets")
    with pytest.raises(ValueError, match="read-only"):
        returns[0] = 0


def test_shortened_windows_lack_rows() -> None:
    returns = table("xx", "x.", "xx", "xx", "xx")
    found = shortened_windows(returns, [2, 3, 4], 3, "complete_rows")
    assert [(at, columns.tolist(), len(x)) for at, columns, x in found] == [(0, [0, 1], 2), (1, [0, 1], 2)]
    assert list(shortened_windows(returns, [2, 3, 4], 3, "complete_assets")) == []


def test_at_least_half_of_the_rows_must_be_complete() -> None:
    """Three of six suffice; three of seven and one of two do not."""
    half = table("xx", ".x", "x.", "xx", ".x", "xx")
    ((_, _, kept),) = window_places(half, [5], 6, "complete_rows")
    assert kept.tolist() == [0, 3, 5]
    fewer = table("xx", ".x", "x.", "xx", "x.", ".x", "xx")
    with pytest.raises(EstimationError, match="row 6 has 3 of 7 rows on which all of its 2 assets have returns"):
        list(window_places(fewer, [6], 7, "complete_rows"))
    with pytest.raises(EstimationError, match="1 of 2 rows"):
        list(window_places(table("xx", ".x", "xx"), [2], 2, "complete_rows"))
