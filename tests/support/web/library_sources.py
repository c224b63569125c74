"""Answers of FRED, French's library and Yahoo for parts of the library."""

import numpy as np
import pandas as pd

from backtest.data.sources.bundled_sample import Sample
from support.web.fake_sources import fred_csv, french_zip
from support.web.fake_yahoo import FakeYahoo, walk

_FACTORS = ("F-F_Research_Data_Factors", "Developed_3_Factors", "Developed_ex_US_3_Factors", "Emerging_5_Factors")
_FUNDS = ("VTI", "IAU", "GSG", "PCRIX", "VGSIX")
_YIELDS = {"DGS20": 4.5, "DGS30": 5.0, "DAAA": 5.5, "DFII10": 1.5, "DTB3": 3.0}


def stock_library(sources: FakeYahoo, last: pd.Timestamp) -> None:
    """Add the live parts of the monthly library, from 2010 up to a date; French's library ends two months before it.

    The yields of the ten-year Treasury are the bundled ones from 2018 to 2022.
    """
    days = pd.bdate_range("2010-01-01", last)
    for seed, dataset in enumerate(_FACTORS):
        months = pd.date_range("2010-01-31", last - pd.DateOffset(months=2), freq="ME")
        rows = [f"{month:%Y%m},{change:.2f},0.02" for month, change in zip(months, _changes(months, seed), strict=True)]
        table = "\n".join(["Head of the file", "", ",Mkt-RF,RF", *rows, "", "Copyright"])
        sources.french[dataset] = french_zip(dataset, table)
    for symbol, level in _YIELDS.items():
        sources.fred[symbol] = _fred(symbol, pd.Series(level + 0.3 * np.sin(np.arange(len(days)) / 50), index=days))
    bundled = 100 * Sample("sample_daily").fetch("us_yield_10y", None, 0.0).values["rate"]
    later = pd.Series(3.8, index=days[days > bundled.index[-1]])
    sources.fred["DGS10"] = _fred("DGS10", pd.concat([bundled, later]))
    firsts = pd.date_range("1953-04-01", last, freq="MS")
    sources.fred["GS20"] = _fred("GS20", pd.Series(4.0, index=firsts))
    sources.fred["CPIAUCNS"] = _fred("CPIAUCNS", pd.Series(np.linspace(27.0, 320.0, len(firsts)), index=firsts))
    sources.listed |= {symbol: walk(symbol, days) for symbol in _FUNDS}


def _changes(months: pd.DatetimeIndex, seed: int) -> list[float]:
    """Return returns in percent."""
    return [float(change) for change in np.random.default_rng(seed).normal(0.8, 4.0, len(months))]


def _fred(symbol: str, values: pd.Series) -> str:
    return fred_csv(symbol, {f"{day:%Y-%m-%d}": f"{value:.10g}" for day, value in values.items()})
