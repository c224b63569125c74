"""Writing a comparison: its files, into place in one step as those of a report."""

from collections.abc import Sequence
from pathlib import Path

from backtest.analysis.comparison import Comparison
from backtest.reporting.entry import SECTION, comparison_entry
from backtest.reporting.files import csv_bytes, json_bytes
from backtest.reporting.folder import replacing
from backtest.reporting.manifest import MADE_BY, MANIFEST, environment, versions

_LONGEST_NAME = 120  # characters: no folder's name may have more than 255 bytes


def write_comparison(comparison: Comparison, folder: str | Path) -> Path:
    """Write `comparison.csv`, `comparison.json`, `nav.csv` and a manifest into a folder, in place of earlier ones.

    As `write_report` does it: to a temporary folder first, and the same results give the same bytes.

    Args:
        comparison: of `compare`.
        folder: where the files go; its parents are made.

    Returns:
        The path of `comparison.csv`.

    Raises:
        ReportError: the folder cannot be written, or holds files that are no report.
    """
    folder = Path(folder)
    with replacing(folder) as temporary:
        for name, content in files_of(comparison).items():
            (temporary / name).write_bytes(content)
    return folder / "comparison.csv"


def files_of(comparison: Comparison) -> dict[str, bytes]:
    """The files of a comparison by name."""
    table: str = comparison.table().to_csv(lineterminator="\n")
    manifest = {
        "made_by": MADE_BY,
        SECTION: comparison_entry(comparison),
        "comparison": {result.name: result.settings for result in comparison.results},
        "data_sha256": {result.name: result.data_sha256 for result in comparison.results},
        "versions": versions(),
        "environment": environment(),
    }
    return {
        "comparison.csv": table.encode(),
        "comparison.json": json_bytes(comparison.summary()),
        "nav.csv": csv_bytes(comparison.growth),
        MANIFEST: json_bytes(manifest),
    }


def folder_of(names: Sequence[str]) -> Path:
    """Where a comparison goes by default: a folder named after what is compared, after the first two of many.

    Example:
        >>> folder_of(["60_40", "erc"]).as_posix()
        'reports/60_40_vs_erc'
    """
    name = "_vs_".join(names)
    if len(name) > _LONGEST_NAME:
        name = f"{'_vs_'.join(names[:2])[:_LONGEST_NAME]}_vs_{len(names) - 2}_others"
    return Path("reports") / name
