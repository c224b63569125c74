"""Wrong values at the ends of a history, such as the last one of a file that was cut, are reported."""

import numpy as np
import pandas as pd
import pytest

from backtest.data.quality.anomalies import find
from backtest.numerics.arrays import Floats

MONTHS = pd.date_range("2015-01-31", periods=100, freq="ME").to_numpy()


def levels() -> Floats:
    walk: Floats = 100 * np.exp(np.cumsum(0.03 * np.random.default_rng(4).standard_normal(100)))
    return walk


def texts(values: Floats) -> list[str]:
    return [str(finding) for finding in find("A3", MONTHS, values, 12)]


def test_a_number_that_was_cut_is_reported_on_the_last_date() -> None:
    values = levels()
    assert texts(values) == []
    values[-2:] = 46.93, 4.0
    (text,) = texts(values)
    assert text.startswith("A3: 4 on 2023-04-30, the last date, after 46.93 on 2023-03-31; expected moves near ")
    assert text.endswith("Is the last value complete?")


def test_a_wrong_first_value_is_reported() -> None:
    values = levels()
    values[0] *= 11.7
    (text,) = texts(values)
    assert text.startswith(f"A3: {values[0]:g} on 2015-01-31, the first date, before {values[1]:g} on 2015-02-28; ")


@pytest.mark.parametrize("row", [1, 50, 98])
def test_a_wrong_value_between_others_is_a_spike_as_before(row: int) -> None:
    values = levels()
    values[row] = 4.0
    (text,) = texts(values)
    assert "between" in text


def test_a_last_move_as_large_as_a_split_is_reported_once_as_a_split() -> None:
    values = levels()
    values[-1] = values[-2] / 10
    (text,) = texts(values)
    assert "as by a split of 10 for 1" in text


def test_a_crash_among_large_moves_at_the_end_is_not_reported() -> None:
    values = levels()
    values[-1] = values[-2] * 0.7
    assert texts(values) == []
