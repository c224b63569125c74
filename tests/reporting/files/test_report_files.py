"""CSV that no spreadsheet evaluates, and JSON that keeps apart what is undefined and what is infinite."""

import io
import json
import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.reporting.files.manifest import plain_json
from backtest.reporting.files.report_files import json_bytes
from backtest.reporting.files.table_files import csv_bytes
from backtest.reporting.format import FORMULA

FORMULAS = ("=1+1", "+SUM(A1)", "-2+3", "@SUM(A1)", " =1", "\t=1", "=cmd|' /C calc'!A0", "-", "--1", "=", "-1x", "+1-2")
NO_FORMULAS = ("-1.5", "+3", "-1e-5", "1,234.5", "-5.0%", "SPY", "us_stocks", "a=1", "60_40", "−5", "", "GC=F", "^IRX")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_is_a_formula_gets_an_apostrophe_wherever_it_is(text: str) -> None:
    """Headers, index and cells of a table."""
    table = pd.DataFrame({text: [1.0], "reason": [text]}, index=pd.Index([text], name="asset"))
    read = pd.read_csv(io.BytesIO(csv_bytes(table)), index_col="asset", keep_default_na=False)
    assert (read.columns[0], read.index[0], read["reason"].iloc[0]) == (f"'{text}",) * 3
    assert read.iloc[0, 0] == 1.0


@pytest.mark.parametrize("text", NO_FORMULAS)
def test_numbers_and_other_texts_stay(text: str) -> None:
    assert not re.match(FORMULA, text)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_numbers_are_written_in_their_shortest_form(numbers: list[float]) -> None:
    dates = pd.date_range("2020-01-31", periods=len(numbers), freq="D")
    rows = csv_bytes(pd.DataFrame({"a": numbers}, index=dates)).decode().splitlines()
    assert rows == ["date,a", *(f"{day:%Y-%m-%d},{number!r}" for day, number in zip(dates, numbers, strict=True))]


def test_a_table_without_texts_or_rows_is_written() -> None:
    empty = pd.DataFrame({"a": np.array([], dtype=float)}, index=pd.DatetimeIndex([]))
    assert csv_bytes(empty) == b"date,a\n"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=3))
def test_any_value_is_strict_json_and_infinities_are_read_back(value: dict[str, Any]) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    assert json.loads(json_bytes(value), parse_constant=refuse) == plain_json(value)


def test_infinities_differ_from_each_other_and_from_nan() -> None:
    texts = plain_json([math.inf, -math.inf, math.nan, np.float64("inf")])
    assert texts == ["Infinity", "-Infinity", None, "Infinity"]
    assert [float(texts[0]), float(texts[1])] == [math.inf, -math.inf]
