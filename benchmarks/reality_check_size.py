"""Size of the reality check: how often it finds skill in trials that have none.

    python benchmarks/reality_check_size.py

Each simulation has monthly returns of 20 trials for 20 years, all with a true mean of 0. A test at 5 % should find
skill in 5 % of simulations. docs/conventions/uncertainty.md#selection has the result.
"""

import numpy as np

from backtest.analysis.selection.reality_check import reality_check

SIMULATIONS, PERIODS, TRIALS, DRAWS, SEED, LEVEL = 4_000, 240, 20, 500, 2000, 0.05


def main() -> None:
    """Print the share of simulations in which each test rejects, with its standard error."""
    rng, cash = np.random.default_rng(SEED), np.zeros(PERIODS)
    found = np.array(
        [
            reality_check(rng.normal(0.0, 0.03, (PERIODS, TRIALS)), cash, draws=DRAWS, seed=number)
            for number in range(SIMULATIONS)
        ]
    )
    shares = (found < LEVEL).mean(axis=0)
    errors = np.sqrt(shares * (1 - shares) / SIMULATIONS)
    for name, share, error in zip(("White", "Hansen"), shares, errors, strict=True):
        print(f"{name}: {share:.2%} of {SIMULATIONS:,} simulations, standard error {error:.2%}")


if __name__ == "__main__":
    main()
