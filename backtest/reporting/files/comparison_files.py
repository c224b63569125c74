"""Files of a comparison, put into place in one step."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from backtest.analysis.compare.comparison import Comparison
from backtest.data.cache.default_folders import REPORTS
from backtest.reporting.files.manifest import MADE_BY, MANIFEST, environment, versions, written_on
from backtest.reporting.files.printed_page import find_browser, print_page
from backtest.reporting.files.report_files import json_bytes, write_manifest
from backtest.reporting.files.report_folder import check_same_settings, replacing
from backtest.reporting.files.shelf_entry import SECTION, comparison_entry
from backtest.reporting.files.table_files import csv_bytes
from backtest.trials.tried_rules import record_trials, tried_rules

_LONGEST_NAME = 120  # bytes; the name of a folder has at most 255


def write_comparison(
    comparison: Comparison,
    folder: str | Path,
    *,
    pdf: bool = False,
    replace: bool = False,
    command: str = "",
    on_step: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write the page of a comparison, its figures, tables and a manifest into a folder, in place of earlier ones.

    Like `write_report`, this fills a temporary folder first, and the same results give the same bytes of CSV and JSON.
    The runs are added to the ledger of trials of their project.

    Args:
        comparison: result of `compare`.
        folder: folder of the files; missing parents are created.
        pdf: also print the page with the browser of this machine, as `comparison.pdf`.
        replace: replace a comparison of other settings too.
        command: command that repeats the comparison, for the page.
        on_step: called with the name of each step as it begins.

    Returns:
        The path of `comparison.html`.

    Raises:
        ReportError: the folder cannot be written, or holds files that are not a report, or other settings' report;
            or there is no browser for the PDF.
    """
    folder = Path(folder)
    if not replace:
        check_same_settings(folder, settings_of(comparison))
    if pdf:
        find_browser()
    with replacing(folder) as temporary:
        _write_files(comparison, temporary, command, on_step, pdf=pdf)
    return folder / "comparison.html"


def _write_files(
    comparison: Comparison, folder: Path, command: str, on_step: Callable[[str], None], *, pdf: bool
) -> None:
    from backtest.reporting.figures.comparison_figures import render_comparison
    from backtest.reporting.figures.figure_files import write_pictures
    from backtest.reporting.pages.compared.comparison_page import render_comparison_page

    on_step("figures")
    figures = write_pictures(render_comparison(comparison), folder / "figures")
    on_step("files")
    around = environment()
    record_trials(comparison.results)
    contents = files_of(comparison)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    page = render_comparison_page(
        comparison,
        figures,
        command=command,
        versions=versions(),
        data_files=[*contents, MANIFEST],
        written=written_on(around),
        tried=tried_rules(comparison.results),
        links=_tearsheets_of(comparison, folder.parent),
        shelf="../index.html" if folder.parent.resolve() == REPORTS.resolve() else "",
    )
    (folder / "comparison.html").write_text(page, encoding="utf-8", newline="\n")
    if pdf:
        print_page(folder / "comparison.html")
    write_manifest(folder, manifest_of(comparison, around))


def _tearsheets_of(comparison: Comparison, reports: Path) -> dict[str, str]:
    """Return the address of the tearsheet of each run that has one next to the comparison, relative to its page."""
    return {
        name: f"../{quote(name, safe='')}/tearsheet.html"
        for name in comparison.names
        if Path(name).name == name and os.path.isfile(reports / name / "tearsheet.html")  # noqa: PTH113 - long names
    }


def files_of(comparison: Comparison) -> dict[str, bytes]:
    """Return `comparison.csv`, `comparison.json` and `nav.csv` by name."""
    return {
        "comparison.csv": csv_bytes(comparison.table()),
        "comparison.json": json_bytes(comparison.summary()),
        "nav.csv": csv_bytes(comparison.growth),
    }


def settings_of(comparison: Comparison) -> dict[str, Any]:
    """Return the resolved configuration of each run by name."""
    return {result.name: result.settings for result in comparison.results}


def manifest_of(comparison: Comparison, around: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the manifest of a comparison, without the checksums of its files.

    Args:
        comparison: result of `compare`.
        around: result of `manifest.environment`.
    """
    return {
        "made_by": MADE_BY,
        SECTION: comparison_entry(comparison),
        "comparison": settings_of(comparison),
        "config_files": {result.name: result.config_file for result in comparison.results},
        "overrides": {result.name: result.overrides for result in comparison.results},
        "data_sha256": {result.name: result.data_sha256 for result in comparison.results},
        "own_code": {result.name: result.own_code for result in comparison.results},
        "versions": versions(),
        "environment": around,
    }


def folder_of(names: Sequence[str]) -> Path:
    """Return the default folder of a comparison, named after its strategies, or after the first two if there are many.

    Example:
        >>> folder_of(["60_40", "erc"]).as_posix()
        'reports/60_40_vs_erc'
    """
    name = "_vs_".join(names)
    if len(name.encode()) > _LONGEST_NAME:
        first_two = "_vs_".join(names[:2]).encode()[:_LONGEST_NAME].decode(errors="ignore")
        name = f"{first_two}_vs_{len(names) - 2}_others"
    return REPORTS / name
