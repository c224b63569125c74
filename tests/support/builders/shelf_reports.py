"""Folders of finished runs and comparisons, without most files of their reports."""

from pathlib import Path
from typing import Any

from backtest.reporting.files.comparison_files import files_of, manifest_of
from backtest.reporting.files.manifest import environment
from backtest.reporting.files.report_files import json_bytes
from backtest.reporting.files.shelf_entry import SECTION, run_entry
from backtest.runs.compared_runs import compare
from support.builders.synthetic_result import synthetic_result


def put(folder: Path, name: str, day: int = 1, files: tuple[str, ...] = ("tearsheet.html",), **options: Any) -> Path:
    """Write a finished run: a manifest with the numbers of a synthetic result, and some files of its report."""
    result = synthetic_result(name=name, seed=day, **options)
    return put_manifest(folder / name, {SECTION: run_entry(result)}, day, files)


def put_manifest(place: Path, manifest: dict[str, Any], day: int = 1, files: tuple[str, ...] = ()) -> Path:
    place.mkdir(parents=True)
    written = {"environment": {"written_at": f"2026-11-{day:02}T09:30:00+00:00"}}
    (place / "manifest.json").write_bytes(json_bytes({"made_by": "risk-parity-backtest", **manifest, **written}))
    for file in files:
        (place / file).write_text("")
    return place


def put_comparison(folder: Path, names: tuple[str, ...], day: int = 1) -> Path:
    found = compare([synthetic_result(name=name, seed=seed, benchmark=False) for seed, name in enumerate(names)])
    place = put_manifest(folder / "_vs_".join(names), manifest_of(found, environment()), day)
    for name, content in files_of(found).items():
        (place / name).write_bytes(content)
    return place
