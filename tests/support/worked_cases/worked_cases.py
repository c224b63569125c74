"""All runs worked by hand, by name."""

from __future__ import annotations

from support.worked_cases import worked_bands, worked_costs, worked_financing, worked_margin_calls, worked_sales
from support.worked_cases.worked_case import Case

CASES: dict[str, Case] = {
    make.__name__: make()
    for file in (worked_financing, worked_margin_calls, worked_costs, worked_bands, worked_sales)
    for make in file.CASES
}
