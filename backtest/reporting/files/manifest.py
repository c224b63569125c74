"""Common contents of manifests: the program, versions of packages, and time and place of writing."""

import hashlib
import json
import math
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from backtest.version import __version__

MANIFEST = "manifest.json"
MADE_BY = "risk-parity-backtest"
_LARGEST = 16 * 2**20  # bytes; the manifest of a run with a thousand assets has one
_PACKAGES = ("numpy", "pandas", "scipy", "numba", "llvmlite", "clarabel", "pyarrow", "arch", "matplotlib", "pydantic")


def read_manifest(folder: Path) -> Any:
    """Return the JSON value of a folder's manifest, which may come from anywhere: it can have any type.

    Raises:
        OSError: there is no manifest, or it cannot be read.
        ValueError: it is not a file, too large, nested too deeply, or not JSON in Unicode.
    """
    path = folder / MANIFEST
    size = path.stat().st_size
    if not path.is_file():
        raise ValueError("it is not a file")
    if size > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST / 2**20:.0f} MiB")
    try:
        manifest = json.loads(path.read_bytes())
        json.dumps(manifest, ensure_ascii=False).encode()  # half of a surrogate pair is JSON, but cannot be written
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeError:
        raise ValueError("it is not Unicode text") from None
    return manifest


def versions() -> dict[str, str]:
    """Return the versions of Python, of this project and of all that affects numbers and pages, by name.

    `blas` names the libraries of matrix products, each with the kind of processor that it has chosen its code for.
    """
    python = ".".join(str(part) for part in sys.version_info[:3])
    found = {"python": python, MADE_BY: __version__}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):  # arch is optional
            found[package] = version(package)
    return {**found, "blas": _blas()}


def _blas() -> str:
    """Return the libraries of numpy and scipy, whatever else this process has loaded."""
    import scipy.linalg  # noqa: F401 - loads its library

    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    own = [library for library in libraries if re.search(r"\b(numpy|scipy)\b", library["filepath"])]
    words = [(lib["internal_api"], lib["version"], lib.get("architecture")) for lib in own or libraries]
    return ", ".join(sorted({" ".join(filter(None, parts)) for parts in words}))


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder and below it, except the manifest, by relative path."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != folder / MANIFEST)
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def environment() -> dict[str, str | None]:
    """Return what may differ between two identical runs: the time (UTC), the git revision and the machine."""
    return {
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_revision": _git_revision(),
        "platform": sys.platform,
        "machine": platform.machine(),
    }


def written_on(environment: Mapping[str, str | None]) -> date:
    """Return the day of writing, UTC.

    >>> written_on({"written_at": "2026-11-25T03:51:26+00:00"})
    datetime.date(2026, 11, 25)
    """
    return datetime.fromisoformat(str(environment["written_at"])).date()


def _git_revision() -> str | None:
    """Git revision of the project's repository, with `+` if files differ from it; None outside the repository."""
    known = _git(
        "ls-files", "--error-unmatch", Path(__file__).name
    )  # None if the package is installed inside another repository
    revision = _git("rev-parse", "HEAD") if known is not None else None
    if revision is None:
        return None
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return None if changes is None else revision + ("+" if changes else "")


def _git(*words: str) -> str | None:
    try:
        asked = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), *words], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None


def plain_json(value: Any) -> Any:
    """Return a value that JSON has: NaN becomes null, and an infinite number the text `Infinity` or `-Infinity`.

    Python's `float` and JavaScript's `Number` read these texts.

    >>> plain_json({"spreads": (0.5, math.nan, math.inf, -math.inf)})
    {'spreads': [0.5, None, 'Infinity', '-Infinity']}
    """
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    return value
