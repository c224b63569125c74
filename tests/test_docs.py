"""The commands in README and docs print what stands below them there: documentation that rots fails here."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def shown_commands() -> list[tuple[str, str, str]]:
    """(page, command, what the page shows of its output) for each `$ python -m ...` in a console block."""
    found = []
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                if command.startswith("python "):
                    found.append((page.name, command, output))
    return found


def test_readme_shows_commands() -> None:
    """Without this, a change of the page's format would leave the test below nothing to check."""
    assert {page for page, _, _ in shown_commands()} >= {"README.md", "worked_example.md"}


@pytest.mark.parametrize(("page", "command", "shown"), shown_commands())
def test_command_prints_what_the_page_shows(page: str, command: str, shown: str, tmp_path: Path) -> None:
    """Run in a folder that has the project's configs and strategies, and nothing else of it."""
    for name in ("configs", "strategies"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
    )
    assert done.returncode == 0, done.stderr
    assert _stripped(done.stdout) == _stripped(shown), f"{page} shows something else; correct the page"


def _stripped(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links and pictures point at files of the project."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target
