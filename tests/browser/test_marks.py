"""Marks of a chart are drawn at their exact values, although the library rounds the positions of lines by default."""

import json

import numpy as np

from support.pages.browser_page import OpenPage, ReportOf, draw_all

PLACES = """() => {
  const container = document.querySelector("[data-chart=distribution]"), chart = echarts.getInstanceByDom(container);
  const canvas = container.querySelector("canvas"), {data, width, height} = canvas.getContext("2d")
    .getImageData(0, 0, canvas.width, canvas.height);
  const [red, green, blue] = getComputedStyle(document.documentElement).getPropertyValue("--s5").match(/\\w\\w/g)
    .map((hex) => parseInt(hex, 16));
  const columns = Array(width).fill(0);
  for (let i = 0; i < width * height; i++)
    if (Math.abs(data[4 * i] - red) + Math.abs(data[4 * i + 1] - green) + Math.abs(data[4 * i + 2] - blue) < 60)
      columns[i % width]++;
  const scale = width / container.clientWidth;
  const at = (value) => scale * chart.convertToPixel({ xAxisIndex: 0 }, value);
  return { columns, zero: at(0), percent: at(0.01) - at(0) };
}"""


def test_expected_shortfall_is_marked_at_its_exact_value(page_of: OpenPage, report_of: ReportOf) -> None:
    """The mark has its own colour: the pixel column with most of it lies at the number of the summary."""
    folder = report_of("daily")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    page = page_of(folder / "tearsheet.html")
    draw_all(page)
    found = page.evaluate(PLACES)
    expected = found["zero"] - 100 * summary["cvar_95"] * found["percent"]
    assert abs(100 * summary["cvar_95"] - round(100 * summary["cvar_95"])) * found["percent"] > 1, "seen if rounded"
    assert abs(int(np.argmax(found["columns"])) - expected) <= 1  # a line is a pixel wide
