"""The trades table in a browser: search, sort, more rows and download, against trades.csv and weights.csv."""

import numpy as np
import pandas as pd
from playwright.sync_api import Page

from support.pages.browser_page import OpenPage, ReportOf, downloaded
from support.pages.report_tables import cells, table_of


class TestTrades:
    """Sizes and weights equal trades.csv and weights.csv."""

    @staticmethod
    def listed(page: Page) -> tuple[str, list[str]]:
        """Return the number of rows in words, and the first cell of each visible row."""
        rows = page.locator("#trade-list tbody tr")
        return page.locator("output[data-count=trade-list]").inner_text(), rows.all_inner_texts()

    @staticmethod
    def saved(page: Page) -> pd.DataFrame:
        name, (header, *rows) = downloaded(page, "button[data-download=trade-list]")
        assert name == "levered_erc_trades.csv"
        assert header == ["date", "asset", "trade", "weight", "reason"]
        table = pd.DataFrame(rows, columns=header)
        return table.assign(date=pd.to_datetime(table["date"]), **table[["trade", "weight"]].astype(float))

    def test_search_sort_more_and_download(self, report_of: ReportOf, page_of: OpenPage) -> None:
        folder = report_of("sample")
        page = page_of(folder / "tearsheet.html")
        page.get_by_role("link", name="Trades", exact=True).click()  # unfolds the section
        sizes, weights = (cells(table_of(folder, name)) for name in ("trades", "weights"))
        expected = {key: float(size) for key, size in sizes.items() if key[1] != "reason" and float(size) != 0}
        every = len(expected)
        count, rows = self.listed(page)
        assert (count, len(rows)) == (f"{every:,} in all", 12)
        more = page.get_by_role("button", name="Show 50 more")
        more.click()
        assert len(self.listed(page)[1]) == 62

        saved = self.saved(page)
        traded = list(zip(saved["date"], saved["asset"], strict=True))
        assert sorted(traded) == sorted(expected)
        np.testing.assert_allclose(saved["trade"], [expected[one] for one in traded], rtol=5e-5)  # 5 digits
        np.testing.assert_allclose(saved["weight"], [weights[one] for one in traded], rtol=5e-5)
        assert saved["trade"].abs().is_monotonic_decreasing

        for column, falls in (("Date", False), ("Asset", False), ("Trade", True), ("Weight after", True)):
            heading = page.locator("#trade-list th").filter(has=page.get_by_role("button", name=column, exact=True))
            for descending in (falls, not falls):  # numbers the largest first, and back
                heading.get_by_role("button").click()
                assert heading.get_attribute("aria-sort") == ("descending" if descending else "ascending")
                assert page.locator("#trade-list th[aria-sort]:not([aria-sort=none])").count() == 1
                order = self.saved(page)[column.split()[0].lower()]
                assert order.is_monotonic_decreasing if descending else order.is_monotonic_increasing
                assert len(order) == every

        page.fill("input[data-filter=trade-list]", " GOLD 2008")
        count, rows = self.listed(page)
        found = {date for date, asset in expected if asset == "gold" and date.year == 2008}
        assert (count, len(rows)) == (f"{len(found)} of {every:,}", len(found))
        assert all("gold" in row and "2008" in row for row in rows)
        assert set(self.saved(page)["date"]) == found
        assert more.is_hidden()
        page.fill("input[data-filter=trade-list]", "silver")
        assert self.listed(page) == (f"0 of {every:,}", [])
        assert self.saved(page).empty
        page.fill("input[data-filter=trade-list]", "")
        assert self.listed(page)[0] == f"{every:,} in all"
        assert more.is_visible()
