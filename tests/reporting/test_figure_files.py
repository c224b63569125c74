"""Figures as files: the contents of an SVG, to the tenth of a pixel."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure

from backtest.reporting.colours import STRATEGY
from backtest.reporting.figures import run_figures
from backtest.reporting.figures.figure_files import picture
from backtest.reporting.figures.run_figures import render_all
from support.builders.synthetic_result import synthetic_result

NAMESPACE = "http://www.w3.org/2000/svg"
NAMES = ("沪深300", "_under", "$a^2$", '<b title="x">', "a & b")


def parsed(svg: bytes) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own, and no entities: no document type is in it


def texts_of(svg: bytes) -> set[str]:
    """Return all text of an SVG, as a browser shows it."""
    root = parsed(svg)
    return {"".join(text.itertext()).strip("\u200b") for text in root.iter(f"{{{NAMESPACE}}}text")}


def drawn_line(figure: Figure) -> np.ndarray:
    """Return the (k, 2) corners of the line in the strategy's colour, in pixels from the upper left."""
    found = re.search(rf'<path d="([^"]*)"[^>]*stroke="{STRATEGY.lower()}"', picture(figure).svg.decode())
    assert found is not None
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", found[1])]
    return np.cumsum(np.reshape(numbers, (-1, 2)), axis=0)


def bare(x: list[float], y: list[float]) -> tuple[Figure, np.ndarray]:
    """Return a line that fills a figure, and the expected places of its corners in pixels from the upper left."""
    figure = Figure(figsize=(6, 4), dpi=100)
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, 1), ylim=(0, 1))
    ax.plot(x, y, color=STRATEGY)
    return figure, np.column_stack([600 * np.array(x), 400 * (1 - np.array(y))])


def test_an_svg_has_no_external_references_and_no_timestamps() -> None:
    for name, both in render_all(synthetic_result(30, gross=1.5)).items():
        text = both.svg.decode()
        assert parsed(both.svg).tag == f"{{{NAMESPACE}}}svg", name
        assert re.findall(r"[a-z]+://[^\"]*", text) == [NAMESPACE], name
        assert not re.search(r"<!|<\?|metadata|<script|xlink|[0-9]T[0-9]", re.sub(r"base64,[^\"]*", "", text)), name
        assert set(re.findall(r'href="(.)', text)) <= {"#", "d"}, name  # a part of itself, or data


def test_names_are_shown_unchanged() -> None:
    drawn = render_all(synthetic_result(30, NAMES, name="策略 <script>", gross=1.4))
    for name in ("weights", "risk", "capital_and_risk_shares", "attribution"):
        assert set(NAMES) <= texts_of(drawn[name].svg), name
    assert "策略 <script>" in texts_of(drawn["drawdown"].svg)


def test_fonts_fall_back_to_the_browsers_fonts() -> None:
    svg = picture(run_figures.weights(synthetic_result(30, NAMES))).svg.decode()
    assert re.findall("font-family[^>]*?sans-serif", svg) == ['font-family="DejaVu Sans, Verdana, sans-serif']
    assert svg.count("font-family") == 1


def test_line_corners_are_accurate_to_a_twentieth_of_a_pixel() -> None:
    rng = np.random.default_rng(0)
    x, y = np.linspace(0, 1, 60).tolist(), rng.uniform(0, 1, 60).tolist()
    figure, expected = bare(x, y)
    np.testing.assert_allclose(drawn_line(figure), expected, atol=0.05 + 1e-9)


def test_flat_stretches_are_a_single_segment() -> None:
    figure, expected = bare([0, 0.1, 0.2, 0.5, 0.6, 0.7, 0.9], [0.5, 0.5, 0.5, 0.5, 0.75, 0.25, 0.25])
    np.testing.assert_allclose(drawn_line(figure), expected[[0, 3, 4, 5, 6]], atol=0.05 + 1e-9)


@pytest.mark.parametrize(("assets", "most"), [(6, 60_000), (60, 90_000)])
def test_figures_of_fifty_years_of_daily_data_stay_small(assets: int, most: int) -> None:
    result = synthetic_result(
        12_600, tuple(f"asset_{i}" for i in range(assets)), periods_per_year=252, start="1962-01-02"
    )
    for draw in (run_figures.weights, run_figures.rolling, run_figures.drawdown):
        assert len(picture(draw(result)).svg) < most


def test_letters_without_a_glyph_cause_no_warning() -> None:
    figure = Figure()
    figure.text(0.5, 0.5, "\U0001f9ff\U000e0041")
    assert picture(figure).png.startswith(b"\x89PNG")
