"""Faults: `make faults SEED=1 CASES=300`, and `make faults SEED=1 CASE=17` for one case again.

A case is the number of a fault, a number of processes and what they run (`"8 fetch"`), or the name of an environment
(`"no home"`).
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns.faults import environments
from campaigns.faults.disturbances import Disturbances
from campaigns.faults.environments import ENVIRONMENTS
from campaigns.faults.fault_scene import COMMANDS, Fault, build
from campaigns.faults.local_prices import serving
from campaigns.reliability_page import add_row

KINDS = ("signals", "failing changes of files", "limits", "processes side by side", "environments")
TOGETHER = tuple(f"{count} {name}" for count in (2, 8) for name in COMMANDS)


def main() -> None:
    """Run the faults of a seed, print each problem with the line that repeats it, and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--cases", type=int, default=300, help="number of faults, before the other cases")
    parser.add_argument("--case", help="run only this case")
    parser.add_argument("--write", action="store_true", help="write the counts into docs/reliability.md")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    cases = [given.case] if given.case else [*map(str, range(given.cases)), *TOGETHER, *ENVIRONMENTS]
    tried, found = Counter[str](), Counter[str]()
    with disturbances_of_a_scene() as disturbances:
        for case in cases:
            kind, what, problems = _tried(case, disturbances, given.seed)
            tried[kind] += 1
            for problem in problems:
                found[problem.partition(":")[0]] += 1
                print(f"FAULT {what}: {problem}\n      make faults SEED={given.seed} CASE='{case}'", flush=True)
    print(f"{sum(tried.values())} cases, {sum(found.values())} problems of {len(found)} kinds")
    for problem, count in found.most_common():
        print(f"{count:6} {problem}")
    if given.write:
        add_row("faults", ("seed", *KINDS, "problems"), (given.seed, *(tried[kind] for kind in KINDS), found.total()))


@contextmanager
def disturbances_of_a_scene() -> Iterator[Disturbances]:
    """Build a scene in a temporary folder, with a local server of prices."""
    with serving() as address, tempfile.TemporaryDirectory(prefix="faults-") as place:
        work = Path(place).resolve()
        scene = work / "scene"
        scene.mkdir()
        build(scene, address)
        yield Disturbances(scene, work)


def _tried(case: str, disturbances: Disturbances, seed: int) -> tuple[str, str, list[str]]:
    """Return the kind of a case, its description, and what is wrong after it."""
    if case.isdigit():
        name, fault = disturbances.case(seed, int(case))
        kind = KINDS[2 if fault.limits else 1 if fault.fails else 0]
        return kind, f"{name}: {fault}", disturbances.problems(name, fault)
    if case in ENVIRONMENTS:
        with disturbances.copied() as folder:
            _, after = disturbances.undisturbed("run")
            return KINDS[4], case, list(environments.problems(case, folder, after))
    count, _, name = case.partition(" ")
    return KINDS[3], case, disturbances.problems(name, *[Fault()] * int(count))


if __name__ == "__main__":
    main()
