"""Figures: which there are, the same bytes each time, no global state, and every kind of run."""

import io
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from made_up_result import made_up
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from backtest.analysis import BacktestResult
from backtest.analysis.holdings import capital_and_risk
from backtest.reporting import figures
from backtest.reporting.figure_style import png
from backtest.reporting.figures import render_all

EVERY = {
    "growth",
    "drawdown",
    "rolling",
    "weights",
    "risk_contributions",
    "capital_and_risk_shares",
    "monthly_returns",
    "costs",
}


def legend_of(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def heights(ax: Axes) -> list[float]:
    """Vertical coordinates of all corners of all areas."""
    return [float(y) for area in ax.collections for path in area.get_paths() for y in np.asarray(path.vertices)[:, 1]]


def only_axes(figure: Figure) -> Axes:
    (ax,) = figure.axes
    return ax


def test_all_are_pngs_of_the_same_width() -> None:
    drawn = render_all(made_up(gross=1.5))
    assert set(drawn) == EVERY
    for name, data in drawn.items():
        image = Image.open(io.BytesIO(data))
        assert (image.format, image.mode, image.width) == ("PNG", "RGB", 990), name
        assert np.ptp(np.asarray(image)) == 255, name  # something is drawn, on white


def test_the_same_bytes_each_time_whatever_the_users_settings() -> None:
    first = render_all(made_up())
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red", "lines.linewidth": 9, "axes.grid": False}):
        assert render_all(made_up()) == first


def test_nothing_of_matplotlib_is_changed_and_pyplot_is_not_used() -> None:
    code = (
        "import sys, matplotlib\n"
        "def settings():  # to ask for the backend is to import pyplot\n"
        "    return {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != 'backend'}\n"
        "before = settings()\n"
        "from made_up_result import made_up\n"
        "from backtest.reporting.figures import render_all\n"
        "render_all(made_up(6))\n"
        "assert settings() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    paths = f"import sys; sys.path[:0] = {sys.path!r}\n"
    done = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_has_nothing_to_show_is_not_drawn() -> None:
    assert EVERY - set(render_all(made_up(30, risk=False))) == {"risk_contributions", "capital_and_risk_shares"}
    assert EVERY - set(render_all(made_up(30, free=True))) == {"costs"}
    assert EVERY - set(render_all(made_up(12))) == {"rolling"}  # one window is a point, no line
    assert EVERY - set(render_all(made_up(30, periods_per_year=4))) == {"monthly_returns"}
    assert EVERY - set(render_all(made_up(30, periods_per_year=1))) == {"monthly_returns", "rolling"}


@pytest.mark.parametrize(
    "result",
    [
        made_up(1),
        made_up(1, ruined=True, benchmark=False),
        made_up(20, ruined=True, gross=3.0),
        made_up(30, still=True, free=True),
        made_up(30, ("only",), benchmark=False),
        made_up(30, tuple(f"asset_{i}" for i in range(60)), gross=2.0, short=True),
        made_up(30, ("沪深300", "_under", "$a^2", "<b>"), name="策略"),
        made_up(1100, start="1926-06-30"),
        made_up(600, periods_per_year=252, start="2020-03-05"),
        made_up(10, periods_per_year=252, start="2020-03-05"),
        made_up(120, periods_per_year=52),
    ],
    ids=["one", "ruin at once", "ruin", "still", "one asset", "60", "names", "92 years", "daily", "10 days", "weekly"],
)
def test_every_kind_of_run(result: BacktestResult) -> None:
    assert {"growth", "drawdown", "weights"} <= set(render_all(result))


def test_growth_shows_both_to_their_last_nav() -> None:
    result = made_up()
    assert result.benchmark is not None
    ax = only_axes(figures.growth(result))
    assert ax.get_yscale() == "log"
    ends = [float(np.asarray(line.get_ydata())[-1]) for line in ax.lines]
    assert ends == pytest.approx([result.benchmark.nav.iloc[-1], result.nav.iloc[-1]])
    assert legend_of(ax)[0].startswith("made_up: ")


def test_ruin_is_said() -> None:
    result = made_up(20, ruined=True)
    texts = [text.get_text() for text in only_axes(figures.growth(result)).texts]
    assert texts == [f"NAV is zero on {result.nav.index[-1]:%Y-%m-%d}"]


def test_weights_are_stacked_from_zero_up_and_shorts_down() -> None:
    result = made_up(30, gross=2.0, short=True)
    ax = only_axes(figures.weights(result))
    assert max(heights(ax)) == pytest.approx(result.weights.clip(lower=0).sum(axis=1).max())
    assert min(heights(ax)) == pytest.approx(result.weights.clip(upper=0).sum(axis=1).min())
    assert np.asarray(ax.lines[0].get_ydata()) == pytest.approx(result.gross_exposure.to_numpy())
    assert legend_of(ax) == ["gross exposure", "gold", "bonds", "stocks"]  # as stacked, from the top


def test_many_assets_are_folded_into_a_legend_that_can_be_read() -> None:
    names = legend_of(only_axes(figures.weights(made_up(30, tuple(f"asset_{i}" for i in range(60))))))
    assert len(names) == 11
    assert names[1] == "51 others"


def test_long_and_odd_names_stand_in_the_legend() -> None:
    names = legend_of(only_axes(figures.weights(made_up(30, ("_under", "x" * 50)))))
    assert [name.strip("\u200b") for name in names[1:]] == ["x" * 19 + "…", "_under"]


def test_risk_shares_fill_the_whole() -> None:
    _, below = figures.risk_contributions(made_up(30)).axes
    assert max(heights(below)) == pytest.approx(1.0)


def test_capital_and_risk_have_a_panel_for_each_side() -> None:
    strategy, benchmark = figures.capital_and_risk_shares(made_up(30)).axes
    assert [text.get_text() for text in strategy.get_yticklabels()] == ["stocks", "bonds", "gold"]
    assert [text.get_text() for text in benchmark.get_yticklabels()] == ["stocks", "bonds"]
    assert legend_of(strategy) == ["capital", "expected risk", "realised risk"]
    widths = [bar.get_bbox().width for bar in strategy.patches if isinstance(bar, Rectangle)]
    np.testing.assert_allclose(widths, capital_and_risk(made_up(30)).to_numpy().T.ravel())
    still, _ = figures.capital_and_risk_shares(made_up(30, still=True, free=True)).axes
    assert legend_of(still) == ["capital", "expected risk"]  # NAV had no risk to share


def test_bars_of_a_year_add_up_to_all_that_was_paid() -> None:
    result = made_up(24, gross=1.5)
    ax = only_axes(figures.costs(result))
    assert legend_of(ax) == ["trading", "interest, cash rate", "interest, above it"]
    assert max(heights(ax)) == pytest.approx(0.002 + 0.03 * 0.5)


def test_png_keeps_quiet_about_letters_without_a_glyph() -> None:
    figure = Figure()
    figure.text(0.5, 0.5, "\U0001f9ff\U000e0041")
    assert png(figure).startswith(b"\x89PNG")
