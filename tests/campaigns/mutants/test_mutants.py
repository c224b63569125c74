"""A slice of the campaign: mutants that once survived are killed, and mutants that no test sees are reported."""

import ast
import os
import subprocess
import sys

import pytest

from campaigns.mutants.mutants_campaign import draw, equivalents, table
from campaigns.mutants.mutations import REPOSITORY, Mutant, mutants_of

KILLED = {
    "centre of a bin": ("analysis/metrics/distribution.py", "(edges[:-1] + edges[1:]) * 2"),
    "a full position": ("analysis/metrics/ex_ante.py", "np.where(weights != 1, weights"),
    "scale of the last decision": ("analysis/build.py", "scales[-2]"),
    "date of a sale at the open": ("engine/opens.py", "(row - 1)) // 2, i)"),
    "trades of a cut record": ("analysis/run_record.py", "due.abs() < ROUNDING"),
    "cost of a trade, a kernel": ("engine/kernels/trade_kernel.py", "paid -= rate * size"),
}
SURVIVING = ("analysis/metrics/distribution.py", "MOST_BINS = 10, 61")
"""A limit that these tests do not reach."""
TESTS = (
    "backtest/analysis/metrics/ex_ante.py",  # doctests of a mutated module: it must be mutated for them too
    "tests/analysis/metrics/test_distribution.py::test_a_centre_is_equally_far_from_both_edges",
    "tests/analysis/metrics/test_ex_ante.py::TestOfARun::test_a_single_position_is_not_diversified",
    "tests/analysis/test_build.py",
    "tests/engine/test_opens.py::test_sales_of_assets_that_end_have_the_dates_of_their_trades",
    "tests/analysis/test_run_record.py::test_a_record_cut_on_a_decision_equals_a_run_whose_data_ends_there",
    "tests/engine/test_unpriced_sales.py::test_the_sale_comes_before_the_rebalance_of_the_same_close",
)


def found(file: str, after: str) -> Mutant:
    """Return the first mutant of a module whose text contains some code."""
    return next(mutant for mutant in mutants_of(f"backtest/{file}") if after in mutant.change[-1])


def test_the_campaign_kills_mutants_and_reports_survivors() -> None:
    """The campaign itself checks that the tests pass without a mutant."""
    killed, survivor = [found(*place).name for place in KILLED.values()], found(*SURVIVING)
    names = [*killed, survivor.name]
    process = subprocess.run(
        [sys.executable, "-m", "campaigns.mutants.mutants_campaign", "--case", *names, "--tests", *TESTS],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"},
    )
    assert process.returncode == 0, process.stderr
    lines = process.stdout.splitlines()
    verdicts = {line.split()[1]: line.split()[-1] for line in lines if line[:1].isdigit()}
    assert verdicts == {**dict.fromkeys(killed, "killed"), survivor.name: "survived"}
    assert f"+{survivor.after.rstrip()}" in lines
    assert f"no test fails; again: make mutants CASE={survivor.name}" in lines


@pytest.mark.parametrize("file", ["analysis/metrics/distribution.py", "engine/kernels/trade_kernel.py"])
def test_every_mutant_is_another_program_with_its_own_name(file: str) -> None:
    original = ast.dump(ast.parse((REPOSITORY / "backtest" / file).read_text(encoding="utf-8")))
    mutants = mutants_of(f"backtest/{file}")
    programs = {ast.dump(ast.parse(mutant.source)) for mutant in mutants}
    assert len(mutants) > 40
    assert original not in programs
    assert len(programs) == len(mutants) == len({mutant.name for mutant in mutants})


def test_a_draw_depends_on_the_seed_and_not_on_other_mutants() -> None:
    population = mutants_of("backtest/analysis/metrics/distribution.py")
    drawn = draw(population, 1, 10)
    assert drawn == draw(population[::-1], 1, 10) == draw(population, 1, 20)[:10]
    assert drawn[1:] == [mutant for mutant in draw([m for m in population if m != drawn[0]], 1, 10) if mutant in drawn]
    assert drawn != draw(population, 2, 10)


def test_every_equivalent_mutant_exists() -> None:
    """A record whose code has changed has to be judged again."""
    existing = {mutant.change for file in {change[0] for change in equivalents()} for mutant in mutants_of(file)}
    assert not set(equivalents()) - existing
    assert all(equivalents().values())


def test_the_table_counts_killed_mutants_of_those_that_are_not_equivalent() -> None:
    mutants = mutants_of("backtest/analysis/metrics/distribution.py")[:5]
    verdicts = ["killed", "endless", "killed", "survived", "equivalent"]
    named = dict(zip((mutant.name for mutant in mutants), verdicts, strict=True))
    rows = {line.split()[1]: line for line in table(mutants, named).splitlines()[2:]}
    assert rows["analysis"] == "| analysis | 5 | 3 | 1 | 1 | 75.0% |"
    assert rows["risk"] == "| risk | 0 | 0 | 0 | 0 |  |"
