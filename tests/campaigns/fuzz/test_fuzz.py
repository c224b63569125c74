"""A slice of fuzzing: no case ends in a fault, and the campaign notices every kind of fault."""

import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backtest.errors import DataError
from campaigns.fuzz import fuzz_case
from campaigns.fuzz.fuzz_campaign import MAKERS
from campaigns.fuzz.fuzz_case import Case, judged
from campaigns.fuzz.fuzz_workers import MEMORY, outcomes
from support.patience import HANG

SEED = 0
SLICE = {"config": 31, "file": 25, "call": 61, "study": 25}
"""Cases of each kind, a few seconds; `make fuzz` runs thousands."""


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("kind", SLICE)
def test_no_case_of_the_slice_ends_in_a_fault(kind: str, part: int) -> None:
    """One test for each third, so that they run on several cores."""
    faults = {}
    for number in range(part + 1, SLICE[kind], 3):  # case 0 runs the whole command
        outcome = judged(MAKERS[kind](SEED, number))
        if outcome.kind == "fault":
            faults[number] = f"{outcome.what}\n{outcome.details}"
    assert not faults, f"make fuzz SEED={SEED} CASE={kind}:{next(iter(faults))}\n{next(iter(faults.values()))}"


@pytest.mark.parametrize("kind", MAKERS)
def test_a_case_is_a_function_of_seed_and_number(kind: str) -> None:
    make = MAKERS[kind]
    for number in range(30):
        assert (make(7, number).files, make(7, number).text) == (make(7, number).files, make(7, number).text)
    assert len({make(seed, number).text for seed in (7, 8) for number in range(10)}) > 15


def _raises(problem: BaseException) -> Callable[[], Iterator[str]]:
    def act() -> Iterator[str]:
        raise problem
        yield ""

    return act


def _nothing() -> Iterator[str]:
    yield from ()


def _spins() -> Iterator[str]:
    while True:
        pass
    yield ""


def _writes_elsewhere() -> Iterator[str]:
    with tempfile.TemporaryFile(dir=".."):
        yield from ()


def _warns() -> Iterator[str]:
    warnings.warn("all is lost", RuntimeWarning, stacklevel=1)
    yield from ()


def _with_message(message: str) -> DataError:
    """Return an error with a message that its class would have made readable."""
    error = DataError()
    error.args = (message,)
    return error


@pytest.mark.parametrize(
    ("act", "kind", "what"),
    [
        (_nothing, "result", ""),
        (lambda: iter(["the NAV is not finite"]), "fault", "the NAV is not finite"),
        (_raises(DataError("p.csv: empty; expected a header")), "error", "DataError"),
        (_raises(_with_message("p.csv: \x1b[31m is red")), "fault", "message of DataError has control characters"),
        (_raises(_with_message("p.csv: " + "x" * 2000)), "fault", "message of DataError is long"),
        (_raises(DataError("")), "fault", "message of DataError is empty"),
        (_raises(ZeroDivisionError()), "fault", "ZeroDivisionError in test_fuzz.py:act"),
        (_raises(SystemExit(1)), "fault", "SystemExit in test_fuzz.py:act"),
        (_spins, "fault", "hang in test_fuzz.py:_spins"),
        (_writes_elsewhere, "fault", "writes outside of its folder"),
        (_warns, "fault", "warning from test_fuzz.py"),
    ],
)
def test_each_end_of_a_case_is_judged(
    act: Callable[[], Iterator[str]], kind: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz_case, "SECONDS", 0.2)  # processor time: only the endless case takes it
    outcome = judged(Case({}, act, ""))
    assert (outcome.kind, outcome.what.partition(":")[0]) == (kind, what.partition(":")[0])


def test_a_case_runs_in_a_folder_of_its_files() -> None:
    def act() -> Iterator[str]:
        yield f"{sorted(map(str, Path().rglob('*')))} {Path('a/b').read_bytes()!r}"

    assert judged(Case({"a/b": b"c"}, act, "")).what == "['a', 'a/b'] b'c'"


def _die() -> Iterator[str]:
    os._exit(3)
    yield ""


def _grow() -> Iterator[str]:
    yield f"{len(bytearray(2 * MEMORY))} bytes"


def _sleep() -> Iterator[str]:
    while True:
        time.sleep(1)
    yield ""


def _in_processes(*acts: Callable[[], Iterator[str]], patience: float) -> list[str]:
    """Return what is wrong with each case."""
    cases = [("odd", number) for number in range(len(acts))]
    ended = dict(outcomes(cases, {"odd": lambda _, number: Case({}, acts[number], "")}, SEED, patience=patience))
    return [ended[case].what for case in cases]


def test_processes_that_die_or_take_too_much_memory_are_faults_and_the_others_go_on() -> None:
    assert _in_processes(_nothing, _grow, _die, _nothing, patience=HANG) == [
        "", "MemoryError in test_fuzz.py:_grow", "the process dies with exit code 3", "",
    ]  # fmt: skip


def test_a_process_without_an_answer_is_a_fault() -> None:
    """It never answers, so the time that it gets does not matter."""
    assert _in_processes(_sleep, patience=0.1) == ["hang in code that no signal interrupts"]
