"""Writing a report: all files of a run, into place in one step."""

import ctypes
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from backtest.analysis.attribution import attribution_by_year
from backtest.analysis.forecasts import volatility_forecasts
from backtest.analysis.realised_risk import rolling_realised_risk
from backtest.analysis.result import BacktestResult
from backtest.errors import ReportError

MANIFEST = "manifest.json"
_MADE_BY = "risk-parity-backtest"
_PACKAGES = ("risk-parity-backtest", "numpy", "pandas", "scipy", "matplotlib", "pydantic")


def write_report(
    result: BacktestResult,
    folder: str | Path,
    *,
    quantstats: bool = False,
    command: str = "",
    on_step: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write every file of a report into a folder, replacing an earlier report of ours there in one step.

    The files are written to a temporary folder beside it and renamed into place, so that a run that is cut off leaves
    an earlier report whole. The same result gives the same bytes of CSV and JSON; what the clock says stands in the
    manifest alone, under `environment`.

    Args:
        result: of a run.
        folder: where the files go; its parents are made.
        quantstats: also write the classic quantstats page.
        command: what repeats the run, for the tearsheet.
        on_step: told the name of each step as it begins.

    Returns:
        The path of the tearsheet.

    Raises:
        ReportError: the folder cannot be written, or holds files that are no report.
    """
    folder = Path(folder)
    check_replaceable(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as problem:
        raise _unwritable(folder, problem) from problem
    try:
        _write_files(result, temporary, quantstats, command, on_step)
        temporary.chmod(0o755)
        _swap(temporary, folder)
    except OSError as problem:
        raise _unwritable(folder, problem) from problem
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder / "tearsheet.html"


def check_replaceable(folder: Path) -> None:
    """Raise `ReportError` unless the folder is absent, empty or a report of ours, in a place that can be written."""
    try:
        nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        filled = nearest == folder and nearest.is_dir() and any(folder.iterdir())
    except OSError as problem:
        raise _unwritable(folder, problem) from problem
    if not nearest.is_dir():
        raise ReportError(f"{nearest}: a file stands where the report's folder should be. Hint: another --output.")
    if not os.access(nearest if nearest != folder else folder.absolute().parent, os.W_OK | os.X_OK):
        raise ReportError(f"{folder}: cannot be written (no permission in {nearest}). Hint: another --output.")
    if filled and not _is_ours(folder):
        raise ReportError(
            f"{folder}: holds files but no {MANIFEST} of a report, so it is not replaced. "
            "Hint: another --output, or empty it yourself."
        )


def _is_ours(folder: Path) -> bool:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("made_by") == _MADE_BY


def _unwritable(folder: Path, problem: OSError) -> ReportError:
    return ReportError(f"{folder}: cannot be written ({problem.strerror or problem}). Hint: another --output.")


def _swap(new: Path, folder: Path) -> None:
    """Put a finished folder into place; what stood there is removed only once the new one is."""
    if not folder.exists():
        new.rename(folder)
        return
    if _exchange(new, folder):
        return  # the earlier report now stands at the temporary place, which the caller removes
    old = new.with_name(f"{new.name}-old")
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(new: Path, folder: Path) -> bool:
    """Exchange two folders in one step, so that a kill finds one or the other there; False where that cannot be."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2  # Linux 3.15 and glibc 2.28, or newer
    except (AttributeError, OSError, TypeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(renameat2(here, os.fsencode(new), here, os.fsencode(folder), exchange) == 0)


def _write_files(
    result: BacktestResult, folder: Path, quantstats: bool, command: str, on_step: Callable[[str], None]
) -> None:
    from backtest.reporting.figures import render_all
    from backtest.reporting.tearsheet import render_tearsheet

    on_step("figures")
    versions = _versions()
    figures = render_all(result)
    (folder / "figures").mkdir()
    for name, png in figures.items():
        (folder / "figures" / f"{name}.png").write_bytes(png)
    on_step("files")
    page = render_tearsheet(result, figures, command=command, versions=versions)
    (folder / "tearsheet.html").write_text(page, encoding="utf-8", newline="\n")
    for name, table in tables(result).items():
        (folder / f"{name}.csv").write_bytes(csv_bytes(table))
    (folder / "summary.json").write_bytes(json_bytes(result.summary()))
    (folder / MANIFEST).write_bytes(json_bytes(_manifest(result, versions)))
    if quantstats:
        on_step("quantstats")
        from backtest.reporting.quantstats_page import write_quantstats

        write_quantstats(result, folder / "quantstats.html")


def tables(result: BacktestResult) -> dict[str, pd.DataFrame]:
    """The tables of a report by file name, without `.csv`."""
    both = {"strategy": result.nav}
    returns = {"strategy": result.returns}
    if result.benchmark is not None:
        both["benchmark"] = result.benchmark.nav
        returns["benchmark"] = result.benchmark.returns
    return {
        "returns": pd.DataFrame(returns),
        "nav": pd.DataFrame(both),
        "weights": result.weights,
        "target_weights": result.target_weights,
        "trades": pd.concat([result.trades, result.trade_terms["reason"]], axis=1),
        "costs": result.costs,
        "contributions": result.contributions,
        "attribution": attribution_by_year(result),
        "risk_contributions": result.risk_contributions,
        "realised_risk_contributions": rolling_realised_risk(result, max(2, result.periods_per_year)),
        "forecast_volatility": volatility_forecasts(result),
    }


def csv_bytes(table: pd.DataFrame) -> bytes:
    """A table as CSV: first column `date` (ISO), numbers in shortest round-trip form, empty where NaN."""
    dates = pd.DatetimeIndex(table.index).strftime("%Y-%m-%d")
    text: str = table.set_axis(dates, axis=0).to_csv(index_label="date", lineterminator="\n")
    return text.encode()


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """JSON with NaN as null, ending in a newline."""
    return (json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _versions() -> dict[str, str]:
    found = {"python": ".".join(str(part) for part in sys.version_info[:3])}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a checkout that is not installed
            continue
    return found


def _manifest(result: BacktestResult, versions: Mapping[str, str]) -> dict[str, Any]:
    return {
        "made_by": _MADE_BY,
        "config": result.settings,
        "data_sha256": result.data_sha256,
        "benchmark_data_sha256": None if result.benchmark is None else result.benchmark.data_sha256,
        "versions": versions,
        "seed": None,  # nothing in a run is random
        "notes": result.notes,
        "data": [asdict(origin) for origin in result.origins],
        "data_warnings": result.warnings,
        "environment": {
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "git_revision": _git_revision(),
            "platform": sys.platform,
        },
    }


def _git_revision() -> str | None:
    """The revision of the project's own repository, `+` where files differ from it; None outside of one."""
    known = _git("ls-files", "--error-unmatch", Path(__file__).name)  # not that of a repository around an installation
    revision = _git("rev-parse", "HEAD") if known is not None else None
    if revision is None:
        return None
    return revision + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*words: str) -> str | None:
    try:
        asked = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), *words], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None
