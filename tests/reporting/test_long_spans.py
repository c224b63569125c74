"""Figures and pages of histories of any length, such as the one of a file with a typing error in a year."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.reporting.figures.figure_axes import _date_ticks, round_step
from support.command_line import command
from support.files.bad_files import config_text, good_lines


@pytest.mark.parametrize(("month", "year"), [("2015-01-31", 1015), ("2019-12-31", 2919)])
def test_a_run_over_centuries_has_a_complete_report(tmp_path: Path, month: str, year: int) -> None:
    text = "\n".join(good_lines()) + "\n"
    assert month in text
    (tmp_path / "p.csv").write_text(text.replace(month, f"{year}{month[4:]}"))
    (tmp_path / "mine.yaml").write_text(config_text("p.csv", strategy="equal_weight"))
    answer = command("run", tmp_path / "mine.yaml", "--output", tmp_path / "report")
    assert answer.code == 0
    assert answer.err.count("warning: ") == 3
    assert f"{year}-" in answer.err
    assert f"{year}-" in (tmp_path / "report" / "tearsheet.html").read_text()
    assert (tmp_path / "report" / "figures" / "monthly_returns.png").exists()


@given(first=st.dates(date(1000, 1, 1), date(2999, 1, 1)), days=st.integers(1, 730_000))
def test_any_span_has_a_few_ticks_within_it(first: date, days: int) -> None:
    dates = pd.DatetimeIndex([first]).append(pd.DatetimeIndex([pd.Timestamp(first) + pd.Timedelta(days=days)]))
    ticks, labels = _date_ticks(dates)
    assert dates[0] <= ticks[0] < ticks[-1] <= dates[-1]
    assert all(before < after for before, after in pairwise(ticks))
    assert 2 <= len(ticks) == len(set(labels)) <= 10


@given(years=st.integers(1, 10_000), most=st.integers(1, 20))
def test_steps_between_labelled_years_are_round_and_no_larger_than_needed(years: int, most: int) -> None:
    step = round_step(years, most)
    assert str(step).rstrip("0") in {"1", "2", "5"}
    assert years <= step * most
    assert step == 1 or years > step / 2.5 * most
