"""Figures of a run: the set of figures, the same bytes each time, no global state, and every kind of run."""

import io
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from PIL import Image

from backtest.analysis import BacktestResult
from backtest.analysis.attribution.financing_path import financing_path
from backtest.analysis.attribution.return_attribution import waterfall
from backtest.analysis.metrics.realised_risk import rolling_realised_risk
from backtest.analysis.metrics.rolling_measures import rolling_correlation
from backtest.analysis.tables.crises import overlapping_crises
from backtest.analysis.tables.holdings import capital_and_risk, risk_shares
from backtest.reporting.figures import run_figures
from backtest.reporting.figures.figure_files import picture
from backtest.reporting.figures.run_figures import render_all
from backtest.reporting.format import change
from support.builders.synthetic_result import synthetic_result

EVERY = {
    "growth",
    "drawdown",
    "rolling",
    "monthly_returns",
    "distribution",
    "weights",
    "risk",
    "capital_and_risk_shares",
    "forecasts",
    "attribution",
    "costs",
    "financing",
}
LEVERED = synthetic_result(gross=1.5)


def legend_of(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def areas_of(ax: Axes) -> list[PolyCollection]:
    return [one for one in ax.collections if isinstance(one, PolyCollection)]


def heights(ax: Axes) -> list[float]:
    """Return the vertical coordinates of all corners of all areas."""
    return [float(y) for area in areas_of(ax) for path in area.get_paths() for y in np.asarray(path.vertices)[:, 1]]


def only_axes(figure: Figure) -> Axes:
    (ax,) = figure.axes
    return ax


def test_all_figures_have_the_same_width() -> None:
    drawn = render_all(LEVERED)
    assert set(drawn) == EVERY
    for name, both in drawn.items():
        image = Image.open(io.BytesIO(both.png))
        assert (image.format, image.mode, image.width) == ("PNG", "RGB", 990), name
        assert np.ptp(np.asarray(image)) == 255, name  # something is drawn, on white
        assert b' width="990"' in both.svg, name


def test_figures_have_the_same_bytes_under_any_user_settings() -> None:
    first = render_all(synthetic_result(18))
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red", "axes.grid": False, "svg.hashsalt": "theirs"}):
        assert render_all(synthetic_result(18)) == first


def test_matplotlib_settings_are_unchanged_and_pyplot_is_not_used() -> None:
    code = (
        "import sys, matplotlib\n"
        "def settings():  # to ask for the backend is to import pyplot\n"
        "    return {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != 'backend'}\n"
        "before = settings()\n"
        "from support.builders.synthetic_result import synthetic_result\n"
        "from backtest.reporting.figures.run_figures import render_all\n"
        "render_all(synthetic_result(6))\n"
        "assert settings() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    paths = f"import sys; sys.path[:0] = {sys.path!r}\n"
    process = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize(
    ("result", "missing"),
    [
        (synthetic_result(30, gross=1.5, risk=False), {"risk", "capital_and_risk_shares", "forecasts"}),
        (synthetic_result(30, free=True), {"costs", "financing"}),
        (synthetic_result(12, gross=1.5), {"rolling", "forecasts"}),  # one window is a point, not a line
        (synthetic_result(30, gross=1.5, periods_per_year=4), {"monthly_returns"}),
        (synthetic_result(30, gross=1.5, periods_per_year=1), {"monthly_returns", "rolling", "forecasts"}),
        (synthetic_result(1, gross=1.5), {"rolling", "forecasts", "distribution", "financing"}),
        (
            synthetic_result(30, still=True, free=True),
            {"rolling", "monthly_returns", "distribution", "attribution", "costs", "financing"},
        ),
    ],
    ids=["no covariance", "free", "one year", "quarterly", "yearly", "one month", "still"],
)
def test_figures_without_data_are_not_drawn(
    monkeypatch: pytest.MonkeyPatch, result: BacktestResult, missing: set[str]
) -> None:
    monkeypatch.setattr(run_figures, "pictures", lambda draws, _: draws)  # which, without the time to draw them
    assert EVERY - set(render_all(result)) == missing


@pytest.mark.parametrize(
    "result",
    [
        synthetic_result(1),
        synthetic_result(1, ruined=True, benchmark=False),
        synthetic_result(20, ruined=True, gross=3.0),
        synthetic_result(30, still=True, free=True),
        synthetic_result(30, ("only",), benchmark=False),
        synthetic_result(30, tuple(f"asset_{i}" for i in range(60)), gross=2.0, short=True),
        synthetic_result(30, ("沪深300", "_under", "$a^2", "<b>"), name="策略"),
        synthetic_result(1100, start="1926-06-30"),
        synthetic_result(600, periods_per_year=252, start="2020-03-05"),
        synthetic_result(10, periods_per_year=252, start="2020-03-05"),
        synthetic_result(120, periods_per_year=52),
    ],
    ids=["one", "ruin at once", "ruin", "still", "one asset", "60", "names", "92 years", "daily", "10 days", "weekly"],
)
def test_every_kind_of_run_can_be_drawn(result: BacktestResult) -> None:
    assert {"growth", "drawdown", "weights"} <= set(render_all(result))


def test_growth_shows_run_and_benchmark_to_their_last_nav() -> None:
    result = synthetic_result()
    assert result.benchmark is not None
    ax = only_axes(run_figures.growth(result))
    assert ax.get_yscale() == "log"
    ends = [float(np.asarray(line.get_ydata())[-1]) for line in ax.lines]
    assert ends == pytest.approx([result.benchmark.nav.iloc[-1], result.nav.iloc[-1]])
    assert legend_of(ax)[0].startswith("synthetic: ")


def test_ruin_is_marked() -> None:
    result = synthetic_result(20, ruined=True)
    texts = [text.get_text() for text in only_axes(run_figures.growth(result)).texts]
    assert texts == [f"NAV is zero on {result.nav.index[-1]:%Y-%m-%d}"]


def test_long_weights_are_stacked_upwards_and_shorts_downwards() -> None:
    result = synthetic_result(30, gross=2.0, short=True)
    ax = only_axes(run_figures.weights(result))
    assert max(heights(ax)) == pytest.approx(result.weights.clip(lower=0).sum(axis=1).max())
    assert min(heights(ax)) == pytest.approx(result.weights.clip(upper=0).sum(axis=1).min())
    assert np.asarray(ax.lines[0].get_ydata()) == pytest.approx(result.gross_exposure.to_numpy())
    assert np.asarray(ax.lines[1].get_ydata()) == pytest.approx(result.weights.sum(axis=1).to_numpy())
    assert legend_of(ax) == ["gross exposure", "net exposure", "gold", "bonds", "stocks"]  # as stacked, from the top
    assert legend_of(only_axes(run_figures.weights(synthetic_result(30, gross=2.0))))[:2] == ["gross exposure", "gold"]


def test_many_assets_are_folded_to_a_readable_legend() -> None:
    names = legend_of(only_axes(run_figures.weights(synthetic_result(30, tuple(f"asset_{i}" for i in range(60))))))
    assert len(names) == 11
    assert names[1] == "51 others"


def test_long_and_odd_names_appear_in_the_legend() -> None:
    names = legend_of(only_axes(run_figures.weights(synthetic_result(30, ("_under", "x" * 50)))))
    assert [name.strip("\u200b") for name in names[1:]] == ["x" * 19 + "…", "_under"]


def test_ex_ante_and_realised_risk_shares_add_up_to_one() -> None:
    result = synthetic_result(30)
    above, below, realised = run_figures.risk(result).axes
    assert max(heights(above)) == pytest.approx(result.forecast_volatility.max())
    assert max(heights(below)) == pytest.approx(1.0)
    came = risk_shares(rolling_realised_risk(result, 12))
    assert max(heights(realised)) == pytest.approx(came.clip(lower=0).sum(axis=1).max())
    assert min(heights(realised)) == pytest.approx(came.clip(upper=0).sum(axis=1).min())
    assert legend_of(realised) == ["cash and costs"]


def test_realised_and_ex_ante_shares_have_the_same_assets() -> None:
    result = synthetic_result(30, tuple(f"asset_{i}" for i in range(60)))
    expected, _, realised = run_figures.risk(result).axes
    assert legend_of(expected)[0] == "51 others"
    assert legend_of(realised) == ["others, cash, costs"]
    colours = [[str(area.get_facecolor()) for area in areas_of(ax)] for ax in (expected, realised)]
    assert colours[0] == colours[1]


def test_capital_and_risk_have_a_panel_for_each_side() -> None:
    strategy, benchmark = run_figures.capital_and_risk_shares(synthetic_result(30)).axes
    assert [text.get_text() for text in strategy.get_yticklabels()] == ["stocks", "bonds", "gold"]
    assert [text.get_text() for text in benchmark.get_yticklabels()] == ["stocks", "bonds"]
    assert legend_of(strategy) == ["capital", "expected risk", "realised risk"]
    paths = [bar for bars in strategy.collections for bar in bars.get_paths()]
    widths = [float(np.ptp(np.asarray(bar.vertices)[:, 0])) for bar in paths]
    np.testing.assert_allclose(widths, capital_and_risk(synthetic_result(30)).to_numpy().T.ravel())
    still, _ = run_figures.capital_and_risk_shares(synthetic_result(30, still=True, free=True)).axes
    assert legend_of(still) == ["capital", "expected risk"]  # NAV had no risk to share


def test_cost_bars_of_a_year_add_up_to_its_total_cost() -> None:
    result = synthetic_result(24, gross=1.5)
    ax = only_axes(run_figures.costs(result))
    assert legend_of(ax) == ["interest above cash", "interest (cash rate)", "trading"]
    assert max(heights(ax)) == pytest.approx(0.002 + 0.03 * 0.5)


def test_crises_are_shaded_and_their_names_cover_no_line() -> None:
    result = synthetic_result(300, start="1989-12-31")
    for draw in (run_figures.growth, run_figures.drawdown):
        figure = draw(result)
        ax = only_axes(figure)
        picture(figure)
        spans = overlapping_crises(pd.DatetimeIndex(result.nav.index))
        assert len(ax.patches) == len(spans) > 5
        boxes = [text.get_window_extent() for text in ax.texts]
        assert {"GFC", "Dot-com", "LTCM"} <= {text.get_text() for text in ax.texts} <= {one.name for one in spans}
        assert all(one.x1 < other.x0 for one, other in pairwise(boxes))
        highest = max(ax.transData.transform((0, float(np.max(line.get_ydata()))))[1] for line in ax.lines)
        assert min(box.y0 for box in boxes) > highest


def test_long_lines_keep_their_extremes() -> None:
    result = synthetic_result(6000, periods_per_year=252)
    lines = only_axes(run_figures.drawdown(result)).lines
    assert all(len(np.asarray(line.get_ydata())) <= 1000 for line in lines)
    assert np.min(np.asarray(lines[-1].get_ydata())) == result.summary()["max_drawdown"]


def test_correlation_to_the_benchmark_has_a_panel_only_with_a_benchmark() -> None:
    assert len(run_figures.rolling(synthetic_result(30, benchmark=False)).axes) == 2
    result = synthetic_result(30)
    assert result.benchmark is not None
    correlations = rolling_correlation(result.returns, result.benchmark.returns, 12)
    np.testing.assert_array_equal(run_figures.rolling(result).axes[2].lines[0].get_ydata(), correlations)


def test_bars_of_the_distribution_add_up_and_its_tail_is_marked() -> None:
    result = synthetic_result(60)
    ax = only_axes(run_figures.distribution(result))
    (bars,) = ax.collections
    assert sum(float(np.max(np.asarray(bar.vertices)[:, 1])) for bar in bars.get_paths()) == 60
    places = [float(np.asarray(line.get_xdata())[0]) for line in ax.lines[1:]]
    assert places == [-result.summary()["var_95"], -result.summary()["cvar_95"]]
    with pytest.raises(ValueError, match="do not vary"):
        run_figures.distribution(synthetic_result(30, still=True))


@pytest.mark.parametrize(
    ("periods_per_year", "title"),
    [(365, "Daily returns"), (300, "Daily returns"), (209, "Daily returns"), (26, "Fortnightly returns"),
     (24, "Semi-monthly returns"), (13, "Four-weekly returns"), (6, "Two-monthly returns"), (2, "Semi-annual returns"),
     (37, "1/37-year returns")],
)  # fmt: skip
def test_the_distribution_names_the_period_of_every_frequency(periods_per_year: int, title: str) -> None:
    ax = only_axes(run_figures.distribution(replace(synthetic_result(60), periods_per_year=periods_per_year)))
    assert ax.get_title(loc="left").startswith(f"{title}, and a normal")


def test_forecasts_are_drawn_with_the_realised_volatility_that_followed() -> None:
    result = synthetic_result(48)
    realised, forecast = only_axes(run_figures.forecasts(result)).lines
    last = result.excess_returns.iloc[-12:]  # the year after the last date of that line
    assert np.asarray(realised.get_xdata())[-1] == result.nav.index[-13].to_datetime64()
    expected = pytest.approx(last.std() * 12**0.5, rel=1e-12)  # of sums in another order
    assert np.asarray(realised.get_ydata())[-1] == expected
    np.testing.assert_array_equal(forecast.get_ydata(), result.forecast_volatility)


def test_the_waterfall_ends_at_the_total_return() -> None:
    ax = only_axes(run_figures.attribution(LEVERED))
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[:3] == ["stocks", "bonds", "gold"]
    assert labels[3:] == [
        "Financing, at the cash rate",
        "Financing, above the cash rate",
        "Trading costs",
        "Total return",
    ]
    ends = [np.asarray(bar.vertices)[:, 0] for bar in ax.collections[0].get_paths()]
    np.testing.assert_allclose([np.ptp(corners) for corners in ends], waterfall(LEVERED, 12)["value"].abs())
    assert max(ends[-1], key=abs) == pytest.approx(LEVERED.summary()["total_return"])
    assert ax.texts[-1].get_text() == change(LEVERED.summary()["total_return"])


def test_financing_shows_the_rates_and_the_loan_of_each_month() -> None:
    rates, loan = run_figures.financing(LEVERED).axes
    path = financing_path(LEVERED)
    np.testing.assert_array_equal(rates.lines[0].get_ydata(), path["cash_rate"])
    np.testing.assert_array_equal(rates.lines[1].get_ydata(), path["rate"])
    assert max(heights(loan)) == path["loan"].max()
    with pytest.raises(ValueError, match="nothing was ever financed"):
        run_figures.financing(synthetic_result(30))
