"""`Comparison`: several results over the same dates, side by side."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from backtest.analysis.compare.side_by_side import (
    Shares,
    best_of,
    class_shares,
    correlations_of,
    metrics_of,
    sharpe_differences_of,
    trailing_returns,
    windows_won,
)
from backtest.analysis.metrics.metric_registry import BETTER, METRICS
from backtest.analysis.metrics.records.metric_record import Better, MetricRecord
from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.crises import InCrisis, falls_of, in_crises
from backtest.analysis.uncertainty.differences import Difference, differences

WINDOW_YEARS = (1, 3, 5)
_WHOLE = 1 + 1e-9  # of NAV, to the rounding of a sum of weights
_AIMS = ("Return", "Risk")
_NO_AIM = frozenset(metric.key for metric in METRICS if metric.group not in _AIMS) | {
    "bias_statistic", "effective_number_of_bets",
}  # fmt: skip
_SHARES: tuple[Shares, ...] = ("capital", "risk", "realised_risk")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Comparison of k results, two or more, over exactly the same dates and under different names.

    Args:
        results: results of runs that all begin on the first common date, without their benchmarks. The first is the
            reference: the comparison also covers its worst drawdowns.
        notes: reasons for the first and last date, and for dates that are left out.
        renderer: function that renders a comparison as HTML for notebooks; without one, notebooks show the plain text.
    """

    results: tuple[BacktestResult, ...]
    notes: tuple[str, ...] = ()
    renderer: Callable[["Comparison"], str] | None = None

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(self.names)}, {self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}>"

    def _repr_html_(self) -> str | None:
        return None if self.renderer is None else self.renderer(self)

    @property
    def names(self) -> tuple[str, ...]:
        """The k names; repeated names end with a number."""
        return tuple(result.name for result in self.results)

    @property
    def start(self) -> pd.Timestamp:
        """The first date, on which every NAV is 1."""
        return pd.Timestamp(self.results[0].nav.index[0])

    @property
    def end(self) -> pd.Timestamp:
        """The last date."""
        return pd.Timestamp(self.results[0].nav.index[-1])

    @property
    def periods_per_year(self) -> int:
        """Periods per year, the same for all results."""
        return self.results[0].periods_per_year

    @property
    def return_measure(self) -> str:
        """Key of the return metric that all results have: `cagr`, or `total_return` over less than a year."""
        return "cagr" if self.results[0].whole_year else "total_return"

    @cached_property
    def growth(self) -> pd.DataFrame:
        """(P, k) NAV by name, 1 on the first date."""
        return pd.DataFrame({result.name: result.nav for result in self.results})

    @cached_property
    def gross_exposure(self) -> pd.DataFrame:
        """(P, k) Σ|w| after each close's trades by name, multiple of NAV."""
        return pd.DataFrame({result.name: result.gross_exposure for result in self.results})

    @cached_property
    def summaries(self) -> Mapping[str, Mapping[str, Any]]:
        """`BacktestResult.summary()` over the common dates, by name."""
        return {result.name: result.summary() for result in self.results}

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """(m, k) all metrics of the summaries, including costs and financing per year and leverage."""
        return metrics_of(self.summaries, self.own_metrics)

    @cached_property
    def best(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the best by metric."""
        return best_of(self.metrics, self.better)

    @cached_property
    def starred(self) -> Mapping[str, tuple[str, ...]]:
        """`best` as tables mark it: without zeros and metrics that are not an aim, such as turnover and costs."""
        return {
            key: () if key in _NO_AIM or any(self.metrics.loc[key, name] == 0 for name in names) else names
            for key, names in self.best.items()
        }

    @cached_property
    def better(self) -> Mapping[str, Better]:
        """Preferred direction by metric, for metrics that have one."""
        own = {metric.key: metric.better for metric in self.own_metrics if metric.better is not None}
        return {**BETTER, **own}

    @property
    def own_metrics(self) -> tuple[MetricRecord, ...]:
        """Metrics of the user that any of the results has, by the setting `report.metrics`."""
        return tuple({metric.key: metric for result in self.results for metric in result.own_metrics}.values())

    @cached_property
    def levered(self) -> tuple[str, ...]:
        """Names of the results whose gross exposure exceeded NAV after some close."""
        most = self.metrics.loc["max_gross_exposure"]
        return tuple(name for name in self.names if most[name] > _WHOLE)

    def class_shares(self, of: Shares) -> pd.DataFrame:
        """Return the (c, k) average shares of asset classes in `capital`, in ex-ante `risk` or in `realised_risk`."""
        return class_shares(self.summaries, of)

    @cached_property
    def crises(self) -> tuple[InCrisis, ...]:
        """Return and drawdown in each of `crises.CRISES` that the dates cover completely."""
        return in_crises(self.growth)

    @cached_property
    def falls(self) -> tuple[InCrisis, ...]:
        """Return and drawdown in each of the five worst drawdowns of the first result."""
        return in_crises(self.growth, falls_of(self.results[0].nav.rename(self.names[0])))

    @cached_property
    def years(self) -> pd.DataFrame:
        """(k, y) returns of calendar years by name and year, the first and the last possibly of a part of the year."""
        return pd.DataFrame({name: summary["calendar_years"] for name, summary in self.summaries.items()}).T

    @cached_property
    def trailing(self) -> pd.DataFrame:
        """Returns a year over the last years; see `side_by_side.trailing_returns`."""
        return trailing_returns(self.growth, self.periods_per_year)

    @cached_property
    def correlations(self) -> pd.DataFrame:
        """(k, k) correlations of returns per period."""
        return correlations_of(self.results)

    @cached_property
    def sharpe_differences(self) -> pd.DataFrame:
        """Differences of Sharpe ratios of all pairs, with p-values; see `side_by_side.sharpe_differences_of`."""
        return sharpe_differences_of(self.results)

    @cached_property
    def differences(self) -> Mapping[str, Mapping[str, Difference]]:
        """Differences of each other result from the first, by name and measure; see `differences.differences`."""
        first, *others = self.results
        excess, a_year = first.excess_returns.to_numpy(), self.periods_per_year
        return {other.name: differences(other.excess_returns.to_numpy(), excess, a_year) for other in others}

    @cached_property
    def windows_won(self) -> Mapping[int, pd.DataFrame]:
        """Share of windows won, (k, k) by length of the window in years, for lengths that fit into the dates."""
        return {
            years: windows_won(self.growth, years * self.periods_per_year)
            for years in WINDOW_YEARS
            if self.windows(years) > 0
        }

    def windows(self, years: int) -> int:
        """Return the number of windows of this length within the dates, one per period; 0 or less if none fits."""
        return len(self.growth) - years * self.periods_per_year

    def table(self) -> pd.DataFrame:
        """Return everything with one number per strategy, as in `comparison.csv`.

        Returns:
            (r, k + 2) by `measure`: columns `better` (`higher`, `lower`, `nearest 1`, or empty), `best` (names, with a
            semicolon between names that tie), and one column per name. The rows are the rows of `metrics`, then
            `capital_share: <class>`, `risk_share: <class>`, `realised_risk_share: <class>`, `return: <crisis>` and
            `drawdown: <crisis>`, and return and drawdown of each `<first name>'s fall <dates>`.
        """
        better = [self.better.get(key, "") for key in self.best]
        metrics = self.metrics.assign(better=better, best=["; ".join(names) for names in self.best.values()])
        shares = [self.class_shares(of).T.add_prefix(f"{of}_share: ").T for of in _SHARES]
        falls = [
            replace(fall, crisis=replace(fall.crisis, name=f"{self.names[0]}'s fall {fall.crisis.name}"))
            for fall in self.falls
        ]
        rows = {
            f"{what}: {fall.crisis.name}": values
            for fall in (*self.crises, *falls)
            for what, values in (("return", fall.returns), ("drawdown", fall.drawdowns))
        }
        crises = pd.DataFrame(rows, index=[*self.names]).T
        table = pd.concat([metrics, *(part.assign(better="", best="") for part in (*shares, crises))])
        return table[["better", "best", *self.names]].rename_axis("measure")

    def summary(self) -> dict[str, Any]:
        """Return everything but the NAVs, as in `comparison.json`: decimals, NaN where a number is not defined."""
        return {
            "strategies": list(self.names),
            "start": f"{self.start:%Y-%m-%d}",
            "end": f"{self.end:%Y-%m-%d}",
            "periods": len(self.growth) - 1,
            "periods_per_year": self.periods_per_year,
            "notes": list(self.notes),
            "metrics": {
                key: {"better": self.better.get(key), "best": list(best), "values": self.metrics.loc[key].to_dict()}
                for key, best in self.best.items()
            },
            **{f"{of}_shares": self.class_shares(of).to_dict() for of in _SHARES},
            "crises": [_plain(span) for span in self.crises],
            "falls_of_the_first": [_plain(span) for span in self.falls],
            "correlations": self.correlations.to_dict("index"),
            "sharpe_differences": self.sharpe_differences.to_dict("records"),
            "differences_from_the_first": {
                name: {measure: asdict(difference) for measure, difference in found.items()}
                for name, found in self.differences.items()
            },
            "windows_won": {
                str(years): {
                    "windows": self.windows(years),
                    "won": won.to_dict("index"),
                }
                for years, won in self.windows_won.items()
            },
            "summaries": dict(self.summaries),
        }


def _plain(outcome: InCrisis) -> dict[str, Any]:
    return {
        "name": outcome.crisis.name,
        "start": f"{outcome.crisis.start:%Y-%m-%d}",
        "end": f"{outcome.crisis.end:%Y-%m-%d}",
        "first": f"{outcome.first:%Y-%m-%d}",
        "last": f"{outcome.last:%Y-%m-%d}",
        "why": outcome.crisis.why,
        "source": outcome.crisis.source,
        "returns": outcome.returns.to_dict(),
        "drawdowns": outcome.drawdowns.to_dict(),
    }
