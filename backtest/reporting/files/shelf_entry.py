"""Entry of a run or a comparison on the index page, written to its manifest and read from there."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from backtest.analysis.compare.comparison import Comparison
    from backtest.analysis.result import BacktestResult

SECTION = "headline"
"""Section of the manifest that holds the entry."""

SPARKLINE = (120.0, 28.0)
"""Width and height of a sparkline in a table, pixels."""


def _check_printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a control character, which a terminal would obey")
    return text


_Name = Annotated[str, AfterValidator(_check_printable)]
_Number = Annotated[float, Field(ge=-1e100, le=1e100, allow_inf_nan=False)]  # so that arithmetic stays finite
_Count = Annotated[int, Field(ge=0, le=10**9)]
Points = Annotated[tuple[_Number, ...], Field(min_length=1, max_length=1000)]


class RunEntry(BaseModel):
    """Run in one line of a table. Numbers are decimals, rates are per year, None is not defined; NAV begins at 1.

    A run of less than a year has no CAGR and no financing drag per year. Instead it has its total return and its
    total financing drag. Other runs have None in these fields. Counts of events are None where an earlier version wrote
    the manifest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["run"] = "run"
    name: _Name
    strategy: _Name
    benchmark: _Name | None
    start: date
    end: date
    periods_per_year: int
    cagr: _Number | None
    volatility: _Number | None
    sharpe: _Number | None
    max_drawdown: _Number | None
    average_gross_exposure: _Number | None
    financing_drag_per_year: _Number | None
    total_return: _Number | None = None
    financing_drag: _Number | None = None
    margin_calls: _Count | None = None
    targets_scaled_down: _Count | None = None
    sparkline: Points

    @property
    def ruined(self) -> bool:
        """Loss of all NAV."""
        return self.sparkline[-1] <= 0


class Best(BaseModel):
    """Best value of a metric in a comparison, and the names of the strategies that have it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: _Number
    names: tuple[_Name, ...]


class ComparisonEntry(BaseModel):
    """Comparison in one line of a table, with the best `cagr`, `sharpe` and `max_drawdown` where defined.

    A comparison of less than a year has `total_return` in place of `cagr`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["comparison"] = "comparison"
    start: date
    end: date
    periods_per_year: int
    best: dict[_Name, Best]
    sparklines: Annotated[dict[_Name, Points], Field(min_length=1)]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the strategies."""
        return tuple(self.sparklines)


_ENTRY: TypeAdapter[RunEntry | ComparisonEntry] = TypeAdapter(
    Annotated[RunEntry | ComparisonEntry, Field(discriminator="kind")]
)


def run_entry(result: "BacktestResult") -> dict[str, Any]:
    """Return the section of a run's manifest that `RunEntry` reads; NaN where a number is not defined."""
    from backtest.analysis.drawing.sparkline import sparkline

    summary = result.summary()
    left_out = {"total_return"} if result.whole_year else set()
    numbers = [key for key in RunEntry.model_fields if key in summary and key not in left_out]
    return {
        "kind": "run",
        **{key: summary[key] for key in numbers},
        "benchmark": None if result.benchmark is None else result.benchmark.name,
        "sparkline": sparkline(result.nav),
    }


def comparison_entry(comparison: "Comparison") -> dict[str, Any]:
    """Return the section of a comparison's manifest that `ComparisonEntry` reads."""
    from backtest.analysis.drawing.sparkline import sparkline

    compared = (comparison.return_measure, "sharpe", "max_drawdown")
    best = {key: comparison.best[key] for key in compared if comparison.best.get(key)}
    return {
        "kind": "comparison",
        "start": f"{comparison.start:%Y-%m-%d}",
        "end": f"{comparison.end:%Y-%m-%d}",
        "periods_per_year": comparison.periods_per_year,
        "best": {
            key: {"value": float(comparison.metrics[names[0]][key]), "names": names} for key, names in best.items()
        },
        "sparklines": {str(name): sparkline(nav) for name, nav in comparison.growth.items()},
    }


def entry_of(manifest: Mapping[str, Any]) -> RunEntry | ComparisonEntry | None:
    """Return the entry of a manifest; None without an entry that this version can read."""
    try:
        return _ENTRY.validate_python(manifest.get(SECTION))
    except ValidationError:
        return None
