"""What every manifest says, of a run or a comparison: who made it, with which versions, when and where."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

from backtest.version import __version__

MANIFEST = "manifest.json"
MADE_BY = "risk-parity-backtest"
_PACKAGES = ("numpy", "pandas", "scipy", "matplotlib", "pydantic")


def versions() -> dict[str, str]:
    """Versions of Python, of this project and of the packages that numbers and pages come from, by name."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return {"python": python, MADE_BY: __version__, **{package: version(package) for package in _PACKAGES}}


def environment() -> dict[str, str | None]:
    """What differs between two writings of the same: the time (UTC), the project's git revision and the platform."""
    return {
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_revision": _git_revision(),
        "platform": sys.platform,
    }


def written_on(environment: Mapping[str, str | None]) -> date:
    """The day of writing, UTC.

    >>> written_on({"written_at": "2026-11-25T03:51:26+00:00"})
    datetime.date(2026, 11, 25)
    """
    return datetime.fromisoformat(str(environment["written_at"])).date()


def _git_revision() -> str | None:
    """The revision of the project's own repository, `+` where files differ from it; None outside of one."""
    known = _git("ls-files", "--error-unmatch", Path(__file__).name)  # not that of a repository around an installation
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
