"""Output folders: links are followed, folders in use are refused, and nothing is left of a killed process."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from backtest.errors import ReportError
from backtest.reporting.files.report_folder import check_replaceable, replacing
from backtest.reporting.pages.shelf_page import write_shelf

ABANDONED = ".risk-parity-backtest-0123abcd.tmp"


def write(folder: Path, text: str = "new") -> None:
    with replacing(folder) as temporary:
        (temporary / "manifest.json").write_text('{"made_by": "risk-parity-backtest"}')
        (temporary / "page").write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Links


def test_a_link_is_followed_and_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to("far/away")
    (tmp_path / "through").symlink_to("far")
    for folder, text in ((tmp_path / "link", "one"), (tmp_path / "link", "two"), (tmp_path / "through/new", "three")):
        write(folder, text)
        assert (folder / "page").read_text() == text
    assert (tmp_path / "link").readlink() == Path("far/away")
    assert (tmp_path / "far/away/page").read_text() == "two"
    assert names(tmp_path) == ["far", "link", "through"]
    assert names(tmp_path / "far") == ["away", "new"]


@pytest.mark.parametrize("output", ["dangling", "dangling/deep/new", "circle", "circle/new"])
def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path, output: str) -> None:
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(ReportError, match=r"is a link that leads nowhere\. Hint: remove the link, or choose another"):
        check_replaceable(tmp_path / output)
    assert names(tmp_path) == ["circle", "dangling"]


def test_a_link_to_a_file_or_to_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("mine")
    (tmp_path / "to_folder").symlink_to("thesis")
    (tmp_path / "to_file").symlink_to("thesis/chapter")
    with pytest.raises(ReportError, match="holds files but no manifest"):
        check_replaceable(tmp_path / "to_folder")
    with pytest.raises(ReportError, match="is a file; expected a folder"):
        check_replaceable(tmp_path / "to_file")


# Folders that cannot be moved


@pytest.mark.parametrize("output", [".", "..", "../report", "figures/.."])
def test_the_current_folder_and_those_above_it_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    """They may be empty or a report: replacing them would leave the user's shell in a deleted folder."""
    write(tmp_path / "report")
    (tmp_path / "report" / "figures").mkdir()
    monkeypatch.chdir(tmp_path / "report")
    with pytest.raises(ReportError, match="is the folder that you are in, or a folder above it, so it is not replaced"):
        check_replaceable(Path(output))


def test_a_mount_point_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda _: True)
    monkeypatch.setattr(Path, "is_mount", lambda _: True)
    with pytest.raises(ReportError, match="is a mount point, so it is not replaced"):
        check_replaceable(tmp_path / "new")


@pytest.mark.parametrize("name", ["a\0b", "half \udcff"])
def test_a_path_that_is_no_text_is_refused(tmp_path: Path, name: str) -> None:
    """A null character, and bytes that are not UTF-8."""
    with pytest.raises(ReportError, match="cannot be written"):
        check_replaceable(tmp_path / name)
    assert names(tmp_path) == []


# Temporary folders


def test_the_folder_of_a_killed_process_is_removed_and_other_folders_stay(tmp_path: Path) -> None:
    """Only names that this program gives are removed, and no link or file."""
    others = (".risk-parity-backtest-notes", ".risk-parity-backtest-0123abcd", ".erc-0123abcd", ".hidden")
    for name in (ABANDONED, *others):
        (tmp_path / name / "inside").mkdir(parents=True)
    (tmp_path / ABANDONED.replace("0", "1")).symlink_to(".hidden")
    (tmp_path / ABANDONED.replace("0", "2")).write_text("mine")
    write(tmp_path / "report")
    assert names(tmp_path) == sorted([*others, ABANDONED.replace("0", "1"), ABANDONED.replace("0", "2"), "report"])
    assert (tmp_path / ".hidden" / "inside").is_dir()


def test_the_folder_of_a_living_process_stays(tmp_path: Path) -> None:
    """The lock belongs to an open folder, so a second writer in this process is as good as one in another."""
    with replacing(tmp_path / "slow") as temporary:
        (temporary / "page").write_text("slow")
        write(tmp_path / "quick")
        check_replaceable(tmp_path / "slow")
        assert (temporary / "page").read_text() == "slow"
    assert (tmp_path / "slow" / "page").read_text() == "slow"
    assert names(tmp_path) == ["quick", "slow"]


def test_a_folder_that_another_process_removes_before_it_is_locked_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its creation and its lock, a folder looks abandoned: the writer takes another one."""
    mkdir, made = Path.mkdir, []

    def remove_the_first(self: Path, *options: object, **named: object) -> None:
        mkdir(self, *options, **named)  # type: ignore[arg-type]
        if self.suffix == ".tmp":
            made.append(self.name)
            if len(made) == 1:
                self.rmdir()

    monkeypatch.setattr(Path, "mkdir", remove_the_first)
    check_replaceable(tmp_path / "report")
    assert len(set(made)) == 2


def test_where_folders_cannot_be_locked_none_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without locks, an abandoned folder cannot be told from one in use."""

    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    (tmp_path / ABANDONED).mkdir()
    write(tmp_path / "report")
    assert names(tmp_path) == [ABANDONED, "report"]


# Permissions


@pytest.fixture(params=[0o022, 0o077, 0o002, 0o000], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_the_umask_decides_the_permissions_of_every_file(tmp_path: Path, umask: int) -> None:
    write(tmp_path / "reports" / "mine")
    write_shelf(tmp_path / "reports")
    for path in tmp_path.rglob("*"):
        allowed = 0o777 if path.is_dir() else 0o666
        assert stat.S_IMODE(path.stat().st_mode) == allowed & ~umask, path
