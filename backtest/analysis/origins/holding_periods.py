"""Holding periods: returns over all spans of some years, and how long NAV was under water."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from backtest.analysis.metrics.drawdown import drawdown
from backtest.analysis.run_record import RunRecord
from backtest.numerics.arrays import Floats

YEARS = (1, 3, 5, 10, 20)


@dataclass(frozen=True, eq=False)
class HoldingPeriods:
    """Returns of a run, and of its benchmark, over spans of its dates; the lists of dates have P values.

    Args:
        nav: (P,) NAV of the run.
        benchmark_nav: (P,) NAV of its benchmark; None without one.
        periods_per_year: periods per year.
    """

    nav: pd.Series
    benchmark_nav: pd.Series | None
    periods_per_year: int

    def returns(self, years: int) -> pd.Series:
        """Return the return of every span of some years, decimal per year, by its last date; empty if none is whole.

        Args:
            years: length of the spans, 1 or more.
        """
        return _returns(self.nav, years, self.periods_per_year)

    @cached_property
    def table(self) -> pd.DataFrame:
        """By years, for spans that are whole: returns per year, and counts and shares of spans, decimal.

        `best`, `median`, `worst`; `best_end` and `worst_end`, the last dates of these spans; `loss`, the share that
        lost; `ahead`, the share with a higher return than the benchmark's, NaN without one; `spans`, how many begin on
        different dates; `independent`, how many fit into the run one after the other.
        """
        rows = {}
        for years in YEARS:
            own = self.returns(years)
            if own.empty:
                continue
            other = None if self.benchmark_nav is None else _returns(self.benchmark_nav, years, self.periods_per_year)
            rows[years] = {
                "best": own.max(),
                "median": own.median(),
                "worst": own.min(),
                "best_end": own.idxmax(),
                "worst_end": own.idxmin(),
                "loss": float((own < 0).mean()),
                "ahead": np.nan if other is None else float((own > other).mean()),
                "spans": len(own),
                "independent": (len(self.nav) - 1) // (years * self.periods_per_year),
            }
        columns = ["best", "median", "worst", "best_end", "worst_end", "loss", "ahead", "spans", "independent"]
        return pd.DataFrame(list(rows.values()), pd.Index(list(rows), name="years"), columns)

    @cached_property
    def under_water(self) -> dict[str, float]:
        """`share` of the dates below an earlier peak, and the `longest` and the `current` time since a peak, in years.

        A time lasts from the peak to the first date that reaches it again, or to the last date.
        """
        below = drawdown(self.nav.to_numpy(dtype=float)) < 0
        peaks = np.flatnonzero(~below)  # the first date is one
        recoveries = np.diff(peaks)
        current = len(below) - 1 - int(peaks[-1])
        longest = max([current, *recoveries[recoveries > 1].tolist()])
        per_year = self.periods_per_year
        return {"share": float(below.mean()), "longest": longest / per_year, "current": current / per_year}

    @cached_property
    def by_years(self) -> pd.DataFrame:
        """(Y, Y) return from the first calendar year (row) to the last one (column), decimal per year; NaN if empty.

        Only whole calendar years count, from the last date of a year to the last date of another; the diagonal has
        the returns of single years.
        """
        dates = pd.DatetimeIndex(self.nav.index)
        last = self.nav.groupby(dates.year).last()
        ended = dates[-1].month == 12 and (dates[-1] + pd.offsets.BDay(1)).year > dates[-1].year
        ends = last if ended else last.iloc[:-1]
        levels, years = ends.to_numpy(dtype=float), ends.index.to_numpy()
        lengths = years[None, 1:] - years[:-1, None]
        growth = np.maximum(levels[None, 1:], 0.0) / levels[:-1, None]
        found = np.where(lengths > 0, growth ** (1 / np.maximum(lengths, 1)) - 1, np.nan)
        return pd.DataFrame(found, pd.Index(years[1:], name="first"), pd.Index(years[1:], name="last"))

    @cached_property
    def telltale(self) -> pd.Series | None:
        """(P,) NAV over the benchmark's, 1 on the first date; None without a benchmark.

        It rises while the run is ahead of its benchmark, and falls while it is behind (Bogle's telltale chart).
        """
        if self.benchmark_nav is None:
            return None
        ratio: pd.Series = self.nav / self.benchmark_nav
        return pd.Series(ratio / ratio.iloc[0], name="telltale")

    @property
    def sentence(self) -> str:
        """The longest spans, of which two or more are independent, in words."""
        if self.table.empty:
            return "The run is shorter than a year."
        enough = self.table[self.table["independent"] > 1]
        chosen = (enough if len(enough) else self.table.head(1)).tail(1).reset_index()
        row = chosen.to_dict("records")[0]
        years = int(row["years"])
        unit = "year" if years == 1 else "years"
        ahead = "" if np.isnan(row["ahead"]) else f"; {row['ahead']:.0%} were ahead of the benchmark"
        several = "is" if row["independent"] == 1 else "are"
        return (
            f"Over {years} {unit}, returns were between {row['worst']:.1%} and {row['best']:.1%} a year, "
            f"{row['median']:.1%} in the middle{ahead}. Of these {row['spans']:,} spans {row['independent']} {several} "
            f"independent."
        )


def holding_periods(record: RunRecord) -> HoldingPeriods:
    """Return the returns of a run over spans of its dates.

    Args:
        record: a run.

    Example:
        >>> import backtest as bt
        >>> found = bt.run("configs/erc.yaml").holding_periods
        >>> found.table.loc[10, ["worst", "median", "best"]].astype(float).round(3).tolist()
        [0.058, 0.076, 0.105]
    """
    other = None if record.benchmark is None else record.benchmark.nav
    return HoldingPeriods(record.nav, other, record.periods_per_year)


def _returns(nav: pd.Series, years: int, periods_per_year: int) -> pd.Series:
    count = years * periods_per_year
    levels = np.maximum(nav.to_numpy(dtype=float), 0.0)
    found: Floats = (levels[count:] / levels[:-count]) ** (1 / years) - 1 if len(nav) > count else np.empty(0)
    return pd.Series(found, nav.index[-len(found) :] if len(found) else nav.index[:0], name="returns")
