"""Comparison of a finished run with the result of running its manifest again."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product, zip_longest
from pathlib import Path
from typing import Any

import pandas as pd

from backtest.analysis.result import BacktestResult
from backtest.reporting.files.manifest import MADE_BY, environment, versions
from backtest.reporting.files.manifest_paths import manifest_from_report, path_in_report
from backtest.reporting.files.report_files import contents_of, manifest_of_result
from backtest.reporting.files.table_files import csv_bytes

_TABLES = (".csv", ".parquet")
_OUTPUTS = (*_TABLES, ".json")


@dataclass(frozen=True)
class Replay:
    """Differences between a finished run and its repetition.

    Args:
        compared: names of the files that were compared.
        differences: a line for each file that differs, with its first difference.
        reasons: a line for each thing that has changed since; empty if nothing differs.
    """

    compared: tuple[str, ...]
    differences: tuple[str, ...]
    reasons: tuple[str, ...]


def compare_replay(result: BacktestResult, manifest: Mapping[str, Any], folder: Path) -> Replay:
    """Compare tables and summary of a result, byte by byte, with those in the folder of a finished run.

    Args:
        result: result of the configuration in the manifest.
        manifest: manifest of the folder; see `finished_run.manifest_of_run`.
        folder: folder of the finished run.

    Raises:
        OSError: a file cannot be read.
    """
    contents = contents_of(result)
    checksums = _mapping(manifest, "files")
    outputs = [name for name in checksums if name.endswith(_OUTPUTS) and name not in contents]
    differences, edited = [], []
    for name in (*contents, *outputs):
        content, path = contents.get(name), folder / name
        written = path.read_bytes() if path.is_file() else None
        if written == content:
            continue
        if checksums.get(name, "") not in ("", _sha256(written)):
            edited.append(f"{name}: changed or deleted since the report was written")
        if content is None or checksums.get(name) != _sha256(content):
            differences.append(f"{name}: {_first_difference(name, written, content)}")
    now = manifest_of_result(result, versions(), environment())
    before, after = (manifest_from_report(each, folder) for each in (manifest, now))  # older versions: absolute paths
    reasons = tuple(_changes(before, after, folder)) if differences else ()
    unexplained = "unexplained: data, own code and versions are unchanged"
    return Replay(tuple(contents), (*edited, *differences), reasons or ((unexplained,) if differences else ()))


def _sha256(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _mapping(manifest: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a mapping of a manifest, which another version may have written without it."""
    found = manifest.get(key)
    return found if isinstance(found, Mapping) else {}


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], folder: Path = Path()) -> Iterator[str]:
    """Yield a line for each thing outside the settings that differs between two manifests."""
    yield from _revised_data(before, now)
    kinds = {"own_code": "own code", "strategy_files": "file of the strategy"}
    for (was, now_is), (key, kind) in product(_sides(before, now), kinds.items()):
        old, new = _mapping(was, key), _mapping(now_is, key)
        for file in dict.fromkeys((*old, *new)):
            if old.get(file) != new.get(file):
                yield f"{kind} changed: {path_in_report(file, folder) if old.get(file) or new.get(file) else file}"
    for section, kind in (("versions", "version changed"), ("environment", "other machine or revision")):
        old, new = _mapping(before, section), _mapping(now, section)
        for name in dict.fromkeys((*old, *new)):
            if name != "written_at" and old.get(name) != new.get(name):
                label = "program" if name == MADE_BY else name
                yield f"{kind}: {label} {old.get(name, 'unknown')}, now {new.get(name, 'none')}"


def _revised_data(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each series of the run or of its benchmarks with other values; the range at its source."""
    ranges = [_origins(manifest.get("data")) for manifest in (before, now)]
    revised = []
    for was, now_is in _sides(before, now):
        old, new = _mapping(was, "series_sha256"), _mapping(now_is, "series_sha256")
        revised += [name for name in dict.fromkeys((*old, *new)) if old and old.get(name) != new.get(name)]
    for name in dict.fromkeys(revised):
        old_range, new_range = (_range(origins.get(name)) for origins in ranges)
        more = "" if old_range == new_range else f" ({old_range}, now {new_range})"
        yield f"data revised: {name}{more}"


def _sides(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return what two manifests record of the run and of each benchmark, without `benchmark_` before the keys."""
    sides = []
    for manifest in (before, now):
        benchmark = {key.removeprefix("benchmark_"): manifest[key] for key in manifest if key.startswith("benchmark_")}
        others = manifest.get("other_benchmarks")
        listed = [other for other in others if isinstance(other, Mapping)] if isinstance(others, list) else []
        sides.append([manifest, benchmark, *listed])
    return list(zip(*sides, strict=False))


def _origins(given: Any) -> dict[str, Mapping[str, Any]]:
    listed = given if isinstance(given, list) else []
    return {str(origin.get("name")): origin for origin in listed if isinstance(origin, Mapping)}


def _range(origin: Mapping[str, Any] | None) -> str:
    if origin is None:
        return "none"
    return f"{origin.get('values')} values from {origin.get('first')} to {origin.get('last')}"


def _first_difference(name: str, before: bytes | None, now: bytes | None) -> str:
    """Return the place and the values of the first difference of two files."""
    if before is None or now is None:
        return "not in the report" if before is None else "no longer written"
    try:
        pairs = _cells(name, before, now)
        place, old, new = next(pair for pair in pairs if pair[1] != pair[2])
    except (ValueError, StopIteration):
        return "other bytes"
    return f"{place}: {old or 'nothing'} in the report, now {new or 'nothing'}"


def _cells(name: str, before: bytes, now: bytes) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield place and values of each cell of two tables, or of each number of two summaries.

    Raises:
        ValueError: a file is damaged.
    """
    if not name.endswith(_TABLES):
        old, new = (dict(_leaves(json.loads(content))) for content in (before, now))
        yield from ((key, old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new)))
        return
    tables = (_rows(name, content) for content in (before, now))
    headers: list[str] = []
    for number, (old_row, new_row) in enumerate(zip_longest(*tables, fillvalue=[]), start=1):
        headers = headers or old_row
        row = f"row {number}" if number == 1 else f"row {number} ({(old_row or new_row or [''])[0]})"
        columns = zip_longest(old_row, new_row, headers)
        yield from ((f"{row}, {column or 'a further column'}", old, new) for old, new, column in columns)


def _rows(name: str, content: bytes) -> list[list[str]]:
    if name.endswith(".parquet"):
        content = csv_bytes(pd.read_parquet(io.BytesIO(content)))
    return list(csv.reader(io.StringIO(content.decode())))


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted name and the text of each value inside JSON."""
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _leaves(item, f"{place}.{key}" if place else str(key))
    else:
        yield place, json.dumps(value)
