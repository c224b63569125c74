"""Figures of a comparison: each strategy looks the same in all of them, and bars are the shares."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backtest.analysis import BacktestResult
from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.compare.side_by_side import Shares
from backtest.reporting.figures import comparison_figures as figures
from backtest.reporting.figures.comparison_figures import render_comparison
from backtest.runs.compared_runs import compare
from support.builders.synthetic_result import synthetic_result


def several(count: int, periods: int = 30, **made: object) -> Comparison:
    results: list[BacktestResult] = [
        synthetic_result(periods, benchmark=False, name=f"strategy_{i}", gross=1 + i / 10, seed=i, **made)  # type: ignore[arg-type]  # of the keywords
        for i in range(count)
    ]
    return compare(results)


def legend_of(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_every_figure_is_drawn() -> None:
    drawn = render_comparison(several(3))
    assert list(drawn) == ["growth", "drawdown", "rolling", "class_shares", "gross_exposure"]
    assert all(both.png.startswith(b"\x89PNG") and both.svg.startswith(b"<svg") for both in drawn.values())


def test_repeated_rendering_gives_the_same_bytes() -> None:
    assert render_comparison(several(2)) == render_comparison(several(2))


def test_figures_without_data_are_not_drawn() -> None:
    assert "rolling" not in render_comparison(several(2, 12))


def test_ten_strategies_have_distinct_styles_in_every_figure() -> None:
    comparison = several(10)
    looks = []
    for draw in (figures.growth, figures.drawdown, figures.rolling, figures.gross_exposure):
        ax = draw(comparison).axes[0]
        looks.append([(line.get_color(), str(vars(line)["_unscaled_dash_pattern"])) for line in ax.lines[:10]])
        assert [name.split(":")[0] for name in legend_of(ax)] == list(comparison.names)
    assert all(one == looks[0] for one in looks)
    assert len({colour for colour, _ in looks[0]}) == 10
    assert all(one != other for (_, one), (_, other) in pairwise(looks[0]))  # neighbours differ without colours too


def test_the_growth_axis_stays_positive_at_ruin() -> None:
    comparison = compare(
        [synthetic_result(20, ruined=True, benchmark=False, name="lost"), synthetic_result(20, benchmark=False)]
    )
    ax = figures.growth(comparison).axes[0]
    assert ax.get_ylim()[0] > 0
    assert legend_of(ax)[0] == "lost: 0.00"


def bars_of(figure: Figure) -> np.ndarray:
    """Return (classes, rows) sizes of all bars."""
    (ax,) = figure.axes
    return np.array([[np.ptp(np.asarray(bar.vertices)[:, 0]) for bar in part.get_paths()] for part in ax.collections])


def test_bars_show_the_shares_of_classes() -> None:
    comparison = several(2)
    of: tuple[Shares, ...] = ("capital", "risk", "realised_risk")
    expected = [comparison.class_shares(one)[name].abs() for name in comparison.names for one in of]
    np.testing.assert_allclose(bars_of(figures.class_shares(comparison)).T, expected)
    labels = [label.get_text() for label in figures.class_shares(comparison).axes[0].get_yticklabels()]
    assert labels == 2 * ["capital", "expected risk", "realised risk"]


def test_strategies_without_ex_ante_risk_have_no_bar() -> None:
    with_risk, without = (synthetic_result(30, benchmark=False, name=str(risk), risk=risk) for risk in (True, False))
    figure = figures.class_shares(compare([with_risk, without]))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["capital", "expected risk", "realised risk", "realised risk"]


def test_long_lines_are_thinned_on_the_same_rows() -> None:
    comparison = several(4, 3000, periods_per_year=252)
    lines = figures.drawdown(comparison).axes[0].lines
    assert sum(len(np.asarray(line.get_ydata())) for line in lines) <= 4000
    for line, name in zip(lines, comparison.names, strict=True):
        assert np.min(np.asarray(line.get_ydata())) == pytest.approx(
            comparison.summaries[name]["max_drawdown"], rel=1e-12
        )
