"""The four strategies on daily data of real ETFs, if their history is installed; the project cannot ship it.

Published calendar-year total returns: SPY 2008 -36.8 %, 2022 -18.2 %; TLT 2008 +33.9 %, 2022 -31.2 %; GLD 2022 -0.8 %.
"""

import os
from pathlib import Path

import pandas as pd
import pytest

import backtest as bt

DEFAULT = Path(__file__).parents[3] / "shared/data/etf_daily_adjusted_close.csv.gz"
HISTORY = Path(os.environ.get("ETF_HISTORY", DEFAULT))
pytestmark = pytest.mark.skipif(not HISTORY.exists(), reason="no ETF history: name one in ETF_HISTORY")

CONFIG = """
name: {strategy}
data:
  source: csv
  path: {path}
  assets: [SPY, TLT, GLD, DBC]
  cash: BIL
  classes: {{SPY: equities, TLT: bonds, GLD: commodities, DBC: commodities}}
estimation: {{window: {window}}}
strategy: {{name: {strategy}}}
costs: {{trading_bps: 5}}
financing: {{spread_bps: 50}}
"""


def by_year(folder: Path, strategy: str, window: str = "1Y") -> tuple[bt.BacktestResult, "pd.Series[float]"]:
    config = folder / f"{strategy}.yaml"
    config.write_text(CONFIG.format(strategy=strategy, path=HISTORY, window=window), encoding="utf-8")
    result = bt.run(config)
    last = result.nav.groupby(pd.DatetimeIndex(result.nav.index).year).last()
    return result, last.pct_change()


def test_sixty_forty_fell_with_stocks_in_2008_and_with_both_in_2022(tmp_path: Path) -> None:
    """2022 at fixed weights is 0.6 × -18.2 + 0.4 × -31.2 = -23.4 %; monthly rebalancing and costs move it by tenths.

    In 2008 bonds rose by a third, mostly in November and December, after months of selling them for falling stocks: the
    year is below 0.6 × -36.8 + 0.4 × 33.9 = -8.5 %, by an independent loop in pandas -12.9 %.
    """
    _, years = by_year(tmp_path, "sixty_forty")
    assert years[2022] == pytest.approx(-0.234, abs=0.005)
    assert years[2008] == pytest.approx(-0.129, abs=0.003)


def test_all_weather_lost_little_in_2008_and_much_in_2022(tmp_path: Path) -> None:
    """0.3 × -18.2 + 0.55 × -31.2 + 0.075 × (-0.8 + 19.3) = -21.2 %: bonds lag when rates rise."""
    _, years = by_year(tmp_path, "all_weather")
    assert years[2022] == pytest.approx(-0.212, abs=0.008)
    assert -0.05 < years[2008] < 0.05


def test_erc_lost_half_as_much_as_all_weather_in_2022_and_leverage_added_to_it(tmp_path: Path) -> None:
    """With a quarter of the risk each, commodities are half of it, and rose, so ERC lost less than All-Weather.

    Levered to 10 % by the covariance of the last year, it enters 2022 held back by its cap: it loses more, but by less
    than its exposure implies. Both begin in 2008, because BIL's first year fills the window.
    """
    erc, years = by_year(tmp_path, "erc")
    levered, levered_years = by_year(tmp_path, "levered_erc")
    assert erc.nav.index[0] == levered.nav.index[0] == pd.Timestamp("2008-06-02")
    assert -0.15 < years[2022] < -0.08
    assert levered_years[2022] < years[2022]
    assert levered.gross_exposure.mean() > 1.1
    assert levered.costs["financing"].sum() > 0 == erc.costs["financing"].sum()


def test_crashes_have_their_historical_dates(tmp_path: Path) -> None:
    """The deepest drawdown of 60/40 runs from the high of 2007 or 2021 to the low of March 2009 or October 2022."""
    result, _ = by_year(tmp_path, "sixty_forty")
    summary = result.summary()
    assert (summary["max_drawdown_start"][:4], summary["max_drawdown_end"][:7]) in {
        ("2007", "2009-03"),
        ("2021", "2022-10"),
    }


def test_real_funds_pass_all_checks(tmp_path: Path) -> None:
    """2008, March 2020, and a bill fund that hardly moves: the checks report none of it as an error in the data."""
    text = CONFIG.format(strategy="erc", path=HISTORY, window="1Y").replace(
        "[SPY, TLT, GLD, DBC]", "[SPY, TLT, IEF, SHY, GLD, DBC, TIP]"
    )
    (tmp_path / "all.yaml").write_text(text, encoding="utf-8")
    assert bt.run(tmp_path / "all.yaml").warnings == ()
