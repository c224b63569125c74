"""Campaign of mutants: draw changes of the code at random, and find out which of them no test notices.

    make mutants SEED=1 CASES=200       # draw mutants; without SEED another sample each time
    make mutants CASE=3f2a91c0de      # try one again

A mutant of `risk`, `estimation`, `engine` or `analysis` is a module with one operator, number, condition or statement
changed. Only tests that run the changed line are tried, with kernels as Python where a kernel is changed. `.mutants/`
keeps which test runs which line, and the verdicts; `--again` goes on with both after tests were added.
"""

import argparse
import hashlib
import json
import secrets
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

from campaigns.mutants.covering_tests import CoveringTests
from campaigns.mutants.mutations import REPOSITORY, Mutant, mutants_of
from campaigns.mutants.trial import PACKAGES, kernels_with, verdict
from campaigns.reliability_page import write_section

RECORDS = REPOSITORY / ".mutants"
EQUIVALENTS = Path(__file__).with_name("equivalents.toml")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the campaign."""
    options = _options(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    if options.case:
        drawn = [mutant for name in options.case for mutant in mutants_of(name.split(":")[0]) if mutant.name == name]
    else:
        population = [mutant for file in mutated_files() for mutant in mutants_of(file)]
        drawn = draw(population, seed, options.cases)
        print(f"{options.cases} of {len(population)} mutants, drawn with seed {seed}")
    verdicts = try_all(drawn, options)
    for mutant in drawn:
        if verdicts[mutant.name] == "survived":
            print(f"\n{mutant.diff()}\nno test fails; again: make mutants CASE={mutant.name}")
    print(f"\n{table(drawn, verdicts)}")
    if options.write:
        write_page(f"`make mutants SEED={seed} CASES={options.cases}`", drawn, verdicts)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--seed", type=int, help="seed of the draw; a new one by default")
    parser.add_argument("--cases", type=int, default=200, help="number of mutants to draw")
    parser.add_argument("--case", nargs="+", help="names of mutants to try, in place of a draw")
    parser.add_argument("--tests", nargs="+", help="tests to try, in place of those that run the changed line")
    parser.add_argument("--jobs", type=int, default=2, help="mutants tried at the same time")
    parser.add_argument(
        "--again", action="store_true", help="keep the last record of tests, and mutants killed by then"
    )
    parser.add_argument("--write", action="store_true", help="write the result into docs/reliability.md")
    return parser.parse_args(arguments)


def draw(population: Sequence[Mutant], seed: int, count: int) -> list[Mutant]:
    """Draw mutants in the order of hashes of their names: a change of the code moves only its own mutants."""
    return sorted(population, key=lambda mutant: hashlib.sha256(f"{seed} {mutant.name}".encode()).digest())[:count]


def mutated_files() -> list[str]:
    """Return the paths of all modules that are mutated, below the repository."""
    folders = [REPOSITORY.joinpath(*package.split(".")) for package in PACKAGES]
    return [path.relative_to(REPOSITORY).as_posix() for folder in folders for path in sorted(folder.rglob("*.py"))]


def try_all(drawn: Sequence[Mutant], options: argparse.Namespace) -> dict[str, str]:
    """Return the verdict of each mutant by its name: `killed`, `endless`, `equivalent` or `survived`."""
    store = RECORDS / "verdicts.json"
    if not (options.again or options.case):
        for file in RECORDS.glob("*"):
            file.unlink()
    known = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
    verdicts: dict[str, str] = known if options.again else {}
    verdicts |= {mutant.name: "equivalent" for mutant in drawn if mutant.change in equivalents()}
    left = [mutant for mutant in drawn if verdicts.get(mutant.name, "survived") == "survived"]
    if options.tests:
        check_tests(left, options.tests)
    chosen = {mutant.name: options.tests or covering_tests(mutant) for mutant in left}
    # Worker processes, not threads: a fork copies locks that another thread holds, and would wait for them for ever.
    with get_context("fork").Pool(options.jobs) as workers:
        results = workers.imap(partial(_try, again=options.again), [(mutant, chosen[mutant.name]) for mutant in left])
        for k, (mutant, found) in enumerate(zip(left, results, strict=True)):
            print(f"{k + 1}/{len(left)} {mutant.name} {found}", flush=True)
            verdicts[mutant.name] = found
            if not options.tests:
                store.write_text(json.dumps(known | verdicts, indent=0), encoding="utf-8")
    return verdicts


def check_tests(mutants: Sequence[Mutant], tests: Sequence[str]) -> None:
    """Stop the campaign if tests fail without a mutant, with compiled kernels or with some kernels as Python."""
    for mutant in {kernels_with(mutant.file): mutant for mutant in mutants}.values():
        if verdict(replace(mutant, after=mutant.before), tests) != "survived":
            sys.exit(f"a test of {' '.join(tests)} fails without a mutant of {mutant.file}")


def _try(trial: tuple[Mutant, Sequence[str]], *, again: bool) -> str:
    """Return the verdict of a mutant; `again` first tries its own doctests and test module, which may be new."""
    mutant, tests = trial
    own = Path("tests", *Path(mutant.file).parent.parts[1:], f"test_{Path(mutant.file).stem}.py")
    new = [file for file in (mutant.file, own.as_posix()) if (REPOSITORY / file).exists()]
    if again and not kernels_with(mutant.file) and (found := verdict(mutant, new)) != "survived":
        return found
    return verdict(mutant, tests) if tests else "survived"


def covering_tests(mutant: Mutant) -> list[str]:
    """Return the tests that run the changed line of a mutant."""
    package, kernels = mutant.file.split("/")[1], kernels_with(mutant.file)
    return _record(package if kernels else "compiled", kernels).of(mutant)


@cache
def _record(name: str, in_python: Sequence[str]) -> CoveringTests:
    """Return the record of a package's tests with its kernels as Python, or of all tests with compiled kernels."""
    packages = _with_own_tests(in_python) if in_python else [package.rpartition(".")[2] for package in PACKAGES]
    tests = [f"{top}/{package}" for package in packages for top in ("tests", "backtest")]
    tests += ["tests/against_peers"]
    tests += [] if name not in {"engine", "compiled"} else ["tests/against_oracle"]
    tests += ["tests/config"] if name == "compiled" else []  # settings of estimation and the engine, errors included
    return CoveringTests(RECORDS / name, in_python or mutated_files(), tests, in_python)


def _with_own_tests(kernels: Sequence[str]) -> list[str]:
    """Return the folders of kernels that have tests of their own, else their packages; as Python, kernels are slow."""
    folders = {Path(kernel).parent.relative_to("backtest") for kernel in kernels}
    return sorted(
        {
            (folder if (REPOSITORY / "tests" / folder).is_dir() else Path(folder.parts[0])).as_posix()
            for folder in folders
        }
    )


@cache
def equivalents() -> Mapping[tuple[str, ...], str]:
    """Return the reason by `Mutant.change` of each mutant that is known to change no result."""
    records = tomllib.loads(EQUIVALENTS.read_text(encoding="utf-8")).get("mutant", [])
    return {(each["file"], each["function"], each["before"], each["after"]): each["reason"] for each in records}


def table(drawn: Iterable[Mutant], verdicts: Mapping[str, str]) -> str:
    """Return the number of mutants by package and verdict, in Markdown; an endless mutant is killed."""
    counts: dict[str, Counter[str]] = {name.rpartition(".")[2]: Counter() for name in PACKAGES}
    counts["all"] = Counter()
    for mutant in drawn:
        for row in (mutant.file.split("/")[1], "all"):
            counts[row][verdicts[mutant.name].replace("endless", "killed")] += 1
    lines = ["| package | drawn | killed | equivalent | survived | killed of those not equivalent |"]
    lines += ["|---|---:|---:|---:|---:|---:|"]
    for row, count in counts.items():
        killed, equivalent, survived = (count[found] for found in ("killed", "equivalent", "survived"))
        share = f"{killed / (killed + survived):.1%}" if killed + survived else ""
        lines.append(f"| {row} | {count.total()} | {killed} | {equivalent} | {survived} | {share} |")
    return "\n".join(lines)


def write_page(opening: str, drawn: Sequence[Mutant], verdicts: Mapping[str, str]) -> None:
    """Write the section of the campaign, between its markers, into the page on reliability."""
    rows = [
        f"| `{mutant.file.removeprefix('backtest/')}` | `{mutant.change[2]}` | `{mutant.change[3]}` | {reason} |"
        for mutant in sorted(drawn, key=lambda mutant: mutant.change)
        if (reason := equivalents().get(mutant.change) or {"survived": "not killed yet"}.get(verdicts[mutant.name]))
    ]
    survivors = "\n".join(["| module | code | mutant | reason |", "|---|---|---|---|", *rows]).replace("||", r"\|\|")
    write_section("mutants", f"{opening}\n\n{table(drawn, verdicts)}\n\n{survivors}\n")


if __name__ == "__main__":
    main()
