"""Number formats: pages, figures and the page script read them from one place."""

import json
import re
from importlib.resources import files

import numpy as np
import pytest

from backtest.reporting.format import FILTERS, MISSING, NUMBERS, TERMINAL, for_script
from backtest.reporting.pages.shelf_page import render_shelf

SCRIPT = files("backtest.reporting.pages").joinpath("templates", "page.js").read_text(encoding="utf-8")


def test_the_script_of_every_page_reads_the_formats() -> None:
    page = render_shelf([], "reports")
    (embedded,) = re.findall(r"^const FORMATS = (.*);$", page, re.MULTILINE)
    assert json.loads(embedded) == for_script()


def test_the_script_repeats_no_unit_and_no_sign_of_a_missing_value() -> None:
    units = {form.unit for form in NUMBERS.values()} - {""}
    assert units == {"%", "×", " bp"}
    assert not [unit for unit in units if f"}}{unit}`" in SCRIPT or f'"{unit}"' in SCRIPT]
    assert MISSING not in SCRIPT


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf"), np.float64("nan")])
def test_a_missing_number_is_a_dash(value: float | None) -> None:
    assert all(form.write(value) == MISSING for form in NUMBERS.values())
    assert all(write(value) == "-" for write in TERMINAL.values())


@pytest.mark.parametrize("name", sorted(set(NUMBERS) & set(FILTERS)))
def test_a_filter_formats_like_its_format(name: str) -> None:
    for value in (0.0, -0.0, 1e-9, -1e-9, 0.12345, -0.12345, 12345.678):
        text = FILTERS[name](value)
        assert text == NUMBERS[name].write(value)
        assert not re.match(r"[+−-]0[.0]*\D*$", text), f"{text}: zero has no sign"


def test_large_growth_has_fewer_decimals() -> None:
    assert [NUMBERS["growth"].write(value) for value in (1.0, 99.99, 100.0, 12345.0)] == [
        "1.000", "99.990", "100.0", "12,345.0",
    ]  # fmt: skip
