"""Stacked areas in a browser: layers share their dates and edges, without gaps between them."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backtest.reporting.files.report_files import write_report
from support.builders.synthetic_result import synthetic_result
from support.pages.browser_page import OpenPage, draw_all, drawn

BACKGROUND = """() => {
  const container = document.querySelector("[data-chart=weights]"), chart = echarts.getInstanceByDom(container);
  const canvas = container.querySelector("canvas"), scale = canvas.width / container.clientWidth;
  const [series] = chart.getOption().series;
  const at = (place, value) => chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, [place, value]);
  const [left, zero] = at(series.data[0][0], 0), [right, whole] = at(series.data[series.data.length - 1][0], 1);
  const area = [left + 1, whole + 3, right - left - 2, zero - whole - 5].map((one) => Math.round(scale * one));
  const { data } = canvas.getContext("2d").getImageData(...area);
  let bare = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] < 128 || Math.min(data[i], data[i + 1], data[i + 2]) > 225) bare++;
  return { bare, pixels: data.length / 4 };
}"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages of long and of long and short weights, with more dates than pixels."""
    root = tmp_path_factory.mktemp("stacks")
    runs = {
        "long": synthetic_result(1226, periods_per_year=252),
        "short": synthetic_result(1226, periods_per_year=252, gross=1.5, short=True),
    }
    return {name: write_report(result, root / name, command="").parent for name, result in runs.items()}


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", ["long", "short"])
def test_each_layer_begins_where_the_layer_below_ends(
    folders: dict[str, Path], page_of: OpenPage, name: str, width: int
) -> None:
    """Areas reach from zero to the sum up to their own part, on the same dates, a pixel or more apart.

    So no background shows between the layers of long weights, which fill their chart.
    """
    page = page_of(folders[name] / "tearsheet.html", width=width)
    assert page.locator("input[data-from]").first.input_value() == "2003-12-31", "the range begins with the first NAV"
    draw_all(page)
    charts = drawn(page)
    for chart in ("weights", "risk"):
        found = charts[chart]
        for panel in range(len(found["grid"])):
            areas = [one for one in found["series"] if one["xAxisIndex"] == panel and one.get("areaStyle")]
            wide = float(page.locator(f"[data-chart={chart}]").evaluate("one => one.clientWidth"))
            assert_layers(areas, wide - found["grid"][panel]["left"] - found["grid"][panel]["right"])
    if name == "long":
        background = page.evaluate(BACKGROUND)
        assert background["pixels"] > 20_000
        assert background["bare"] == 0


def assert_layers(areas: list[dict[str, Any]], width: float) -> None:
    dates = [[point[0] for point in one["data"]] for one in areas]
    assert all(other == dates[0] for other in dates)
    pixels = np.diff(dates[0]) * width / (dates[0][-1] - dates[0][0])
    assert pixels.min() > 2 if areas[0]["step"] else pixels.min() >= 1 - 1e-9  # some of the closer points are not drawn
    assert pixels[-1] > 2
    sums = {1: np.zeros(len(dates[0])), -1: np.zeros(len(dates[0]))}
    for one in areas:
        tops, parts = (np.array([point[place] for point in one["data"]], dtype=float) for place in (1, 2))
        side = -1 if (tops < 0).any() else 1
        expected = sums[side] + np.where(side * np.nan_to_num(parts) > 0, np.nan_to_num(parts), 0.0)
        np.testing.assert_allclose(np.nan_to_num(tops), expected, rtol=0, atol=1e-9)
        sums[side] = expected
    assert all(lower["z"] > upper["z"] for lower, upper in pairwise(areas) if lower["name"] != upper["name"])
