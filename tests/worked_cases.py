"""All runs worked by hand, by name."""

from __future__ import annotations

import worked_bands
import worked_costs
import worked_financing
import worked_margin_calls
import worked_sales
from worked_case import Case

CASES: dict[str, Case] = {
    make.__name__: make()
    for file in (worked_financing, worked_margin_calls, worked_costs, worked_bands, worked_sales)
    for make in file.CASES
}
