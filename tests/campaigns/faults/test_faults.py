"""A slice of faults: earlier results stay whole, the next command repairs the rest, and every end is explained."""

import errno
import signal
from collections.abc import Iterator

import pytest

from backtest.reporting.figures import comparison_figures, run_figures
from backtest.reporting.figures.figure_files import Picture
from campaigns.faults.disturbances import Disturbances
from campaigns.faults.fault_scene import REPORT, Ended, Fault, build, problems_of_end, problems_of_folder
from campaigns.faults.local_prices import serving


@pytest.fixture(scope="module")
def disturbances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disturbances]:
    """Provide a scene whose figures are empty, as drawing them would take most of the time."""
    work = tmp_path_factory.mktemp("faults").resolve()
    scene = work / "scene"
    scene.mkdir()
    with pytest.MonkeyPatch.context() as patch, serving() as address:
        for figures in (run_figures, comparison_figures):
            patch.setattr(figures, "pictures", lambda draws, _: dict.fromkeys(draws, Picture(b"png", b"<svg/>")))
        build(scene, address)
        yield Disturbances(scene, work)


@pytest.mark.parametrize(
    ("name", "kind", "part"),
    [
        ("run", signal.SIGKILL, 0.8),
        ("run", signal.SIGTERM, 0.5),
        ("fetch", signal.SIGKILL, 0.4),
        ("fetch", signal.SIGHUP, 0.7),
    ],
)
def test_a_signal_leaves_earlier_results_whole_and_nothing_behind(
    name: str, kind: signal.Signals, part: float, disturbances: Disturbances
) -> None:
    """It comes at the n-th change of a file, after this part of all."""
    assert not disturbances.problems(name, Fault(moment(disturbances, name, part), kind))


@pytest.mark.parametrize(("name", "part"), [("run", 0.2), ("fetch", 0.5)])
def test_a_full_disk_is_explained(name: str, part: float, disturbances: Disturbances) -> None:
    assert not disturbances.problems(name, Fault(moment(disturbances, name, part), errno.ENOSPC, fails=True))


def moment(disturbances: Disturbances, name: str, part: float) -> int:
    """Return the number of the change of a file that follows a part of all changes of a command."""
    peace, _ = disturbances.undisturbed(name)
    return 1 + int(peace.changes * part)


@pytest.mark.parametrize("name", ["run", "fetch"])
def test_two_processes_write_one_report_and_shelf_or_one_cache(name: str, disturbances: Disturbances) -> None:
    assert not disturbances.problems(name, Fault(), Fault())


def test_damage_is_noticed(disturbances: Disturbances) -> None:
    """A report without one of its files, a page that is cut, and a folder that no later command removes."""
    _, after = disturbances.undisturbed("run")
    with disturbances.copied() as folder:
        (folder / REPORT / "nav.csv").unlink()
        (folder / REPORT / "tearsheet.html").write_text("<html>", encoding="utf-8")
        (folder / "reports/.mine-left").mkdir()
        found = [*problems_of_folder(folder, disturbances.before, after, lambda: Ended(0, ""))]
    assert {problem.partition(":")[0] for problem in found} == {
        "the earlier report is neither whole nor replaced", "tearsheet.html is cut", "left behind",
        "the next command ends in another state",
    }  # fmt: skip


def test_an_end_without_an_explanation_is_noticed() -> None:
    ends = Ended(1, "Traceback (most recent call last):\nValueError: odd"), Ended(2, "")
    assert [[problem.partition(":")[0] for problem in problems_of_end(ended, Fault())] for ended in ends] == [
        ["traceback", "exit code 1"], ["no line says what is wrong"],
    ]  # fmt: skip
