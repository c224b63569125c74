"""What FRED, French's library and Yahoo answer for parts of the library."""

import numpy as np
import pandas as pd

from backtest.data.sources.bundled_sample import Sample
from support.web.fake_sources import fred_csv as csv
from support.web.fake_sources import french_zip
from support.web.fake_yahoo import FakeYahoo, walk

LAST = pd.Timestamp("2025-06-30")


def stock_library(sources: FakeYahoo) -> None:
    """Add the live parts of stocks, Treasuries, gold and bills up to mid-2025.

    French's library ends two months before, and the yields of the ten-year Treasury are the bundled ones up to 2022.
    """
    months = pd.date_range("2010-01-31", LAST - pd.DateOffset(months=2), freq="ME")
    rng = np.random.default_rng(0)
    rows = [f"{month:%Y%m},{rng.normal(0.8, 4):.2f},0.1,0.1,0.02" for month in months]
    factors = "\n".join(["Head of the file", "", ",Mkt-RF,SMB,HML,RF", *rows, "", "Copyright"])
    sources.french["F-F_Research_Data_Factors"] = french_zip("F-F_Research_Data_Factors", factors)
    bundled = 100 * Sample("sample_daily").fetch("us_yield_10y", None, 0.0).values["rate"]
    later = pd.bdate_range(bundled.index[-1], LAST)[1:]
    yields = pd.concat([bundled, pd.Series(4 + 0.3 * np.sin(np.arange(len(later)) / 50), index=later)])
    sources.fred["DGS10"] = csv("DGS10", {f"{day:%Y-%m-%d}": f"{value:.10g}" for day, value in yields.items()})
    days = pd.bdate_range("2010-01-01", LAST)
    sources.fred["DTB3"] = csv("DTB3", {f"{day:%Y-%m-%d}": "3.00" for day in days})
    sources.listed |= {symbol: walk(symbol, days) for symbol in ("VTI", "IAU")}
