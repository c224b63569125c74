"""Fuzzing: `make fuzz SEED=1 CASES=1000`, and `make fuzz SEED=1 CASE=config:17` for one case again."""

import argparse
from collections import Counter

from campaigns.fuzz.fuzz_calls import call_case
from campaigns.fuzz.fuzz_case import Outcome, judged
from campaigns.fuzz.fuzz_configs import config_case
from campaigns.fuzz.fuzz_files import file_case
from campaigns.fuzz.fuzz_studies import study_case
from campaigns.fuzz.fuzz_workers import Key, Maker, outcomes
from campaigns.reliability_page import add_row

MAKERS: dict[str, Maker] = {"config": config_case, "file": file_case, "call": call_case, "study": study_case}
HEADINGS = ("seed", "configs", "files", "calls", "studies", "results", "clear errors", "faults")


def main() -> None:
    """Run the cases of a seed, print each kind of fault with the line that repeats it, and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--cases", type=int, default=1000, help="of each kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--kinds", nargs="+", choices=MAKERS, default=list(MAKERS))
    parser.add_argument("--case", help="run only this case, such as config:17, and show it")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write the counts into docs/reliability.md")
    given = parser.parse_args()
    if given.case:
        _show(given.case, given.seed)
        return
    print(f"seed {given.seed}: {given.cases} cases each of {', '.join(given.kinds)}", flush=True)
    cases = [(kind, number) for number in range(given.first, given.first + given.cases) for kind in given.kinds]
    kinds, faults, tried = Counter[str](), Counter[str](), Counter[str]()
    for (kind, number), outcome in outcomes(cases, MAKERS, given.seed, given.processes):
        tried[kind] += 1
        kinds[outcome.kind] += 1
        if outcome.kind == "fault":
            faults[outcome.what] += 1
            if faults[outcome.what] == 1:
                _report((kind, number), outcome, given.seed)
    print(f"{sum(kinds.values())} cases: {kinds['result']} results, {kinds['error']} clear errors, "
          f"{kinds['fault']} faults of {len(faults)} kinds")  # fmt: skip
    for what, count in faults.most_common():
        print(f"{count:6} {what}")
    if given.write:
        counts = [tried[kind] for kind in MAKERS] + [kinds[kind] for kind in ("result", "error", "fault")]
        add_row("fuzz", HEADINGS, (given.seed, *counts))


def _report(case: Key, outcome: Outcome, seed: int) -> None:
    last = outcome.details.strip().splitlines()[-1:] or [""]
    print(f"FAULT {outcome.what}: {last[0][:200]}\n      make fuzz SEED={seed} CASE={case[0]}:{case[1]}", flush=True)


def _show(name: str, seed: int) -> None:
    kind, _, number = name.partition(":")
    case = MAKERS[kind](seed, int(number))
    print(case.text[:5000])
    outcome = judged(case)
    print(f"\n{outcome.kind}: {outcome.what}\n{outcome.details}")


if __name__ == "__main__":
    main()
