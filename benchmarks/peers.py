"""The risk engine beside its peers: time, and what the weights are worth, in one run; writes docs/benchmarks.md.

    make peers      # its own environment: some of the peers are large

Each line of a table is measured in turn with the others, so that a machine's drift hits all alike: medians of five
rounds (three for those that take seconds). Those that take more than a millisecond a problem solve some of the
problems, and their time is scaled to the number that the others solve. Accuracy is the worst
|share of risk / budget - 1|, worked out in extended precision where the machine has it. Only the call itself is timed.
"""

import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import LinearConstraint, minimize

from backtest.estimation.estimator import Estimator
from backtest.estimation.methods.denoised import Denoised
from backtest.estimation.methods.gerber import Gerber
from backtest.estimation.methods.ledoit_wolf import LedoitWolf
from backtest.estimation.methods.oas import OAS
from backtest.estimation.methods.sample_covariance import Sample
from backtest.numerics.arrays import Floats
from backtest.risk import risk_parity_weights

Solver = Callable[[Floats, Floats], Floats]

STACKS = {2: 600, 5: 600, 10: 600, 50: 600, 200: 600, 500: 20, 1000: 20}
SINGLE = (50, 200, 500, 1000)
ROUNDS, LEAST, SEED = 5, 0.05, 7
PAGE = Path("docs/benchmarks.md")
MARK = "<!-- measured -->"


@dataclass(frozen=True)
class Peer:
    """A way to solve one problem, (n, n) and (n,) -> (n,), up to what size, and how many of them are enough to time."""

    name: str
    solve: Solver
    largest: int = 1000
    sample: int = 600


def peers() -> list[Peer]:
    """All but ours; imported here, as they print and warn."""
    cp, riskfolio, rpp, skfolio = (_package(name) for name in ("cvxpy", "riskfolio", "riskparityportfolio", "skfolio"))
    risk_budgeting = _package("skfolio.optimization").RiskBudgeting

    def by_skfolio(covariance: Floats, budgets: Floats) -> Floats:
        model = risk_budgeting(risk_measure=skfolio.RiskMeasure.VARIANCE, risk_budget=budgets)
        return np.asarray(model.fit(returns_of(covariance)).weights_)

    def by_riskfolio(covariance: Floats, budgets: Floats) -> Floats:
        portfolio = riskfolio.Portfolio(returns=returns_of(covariance))
        portfolio.assets_stats(method_mu="hist", method_cov="hist")
        found = portfolio.rp_optimization(model="Classic", rm="MV", b=budgets[:, None])
        return np.asarray(found.to_numpy().ravel(), np.float64)

    def by_cvxpy(covariance: Floats, budgets: Floats) -> Floats:
        x = cp.Variable(len(budgets))
        scale = 1 / np.sqrt(np.diag(covariance).mean())  # without it Clarabel's tolerances do not fit
        risk = cp.sum_squares(scale * np.linalg.cholesky(covariance).T @ x)
        cp.Problem(cp.Minimize(0.5 * risk - budgets @ cp.log(x))).solve(solver=cp.CLARABEL)
        return np.asarray(x.value)

    return [
        Peer("riskparityportfolio, its own tolerance", rpp.vanilla.design),
        Peer(
            "riskparityportfolio, spinu, tight", lambda c, b: rpp.vanilla.design(c, b, 5e-11 / len(b), 10_000, "spinu")
        ),
        Peer("riskparityportfolio, choi, tight", lambda c, b: rpp.vanilla.design(c, b, 5e-11 / len(b), 10_000, "choi")),
        Peer("hand-written SLSQP", by_slsqp, largest=50, sample=10),
        Peer("cvxpy with Clarabel", by_cvxpy, largest=200, sample=5),
        Peer("skfolio", by_skfolio, largest=50, sample=3),
        Peer("riskfolio-lib", by_riskfolio, largest=50, sample=3),
    ]


def _package(name: str) -> Any:
    """A package that may be there in this environment alone, and whose types no checker needs to know."""
    return import_module(name)


def by_slsqp(covariance: Floats, budgets: Floats) -> Floats:
    """The squared differences of risk contributions, long-only: what most people write."""

    def objective(w: Floats) -> float:
        contributions = w * (covariance @ w) / np.sqrt(w @ covariance @ w)
        return float(((contributions / budgets - (contributions / budgets).mean()) ** 2).sum())

    n = len(budgets)
    whole = LinearConstraint(np.ones((1, n)), 1, 1)
    return np.asarray(minimize(objective, np.full(n, 1 / n), bounds=[(0, 1)] * n, constraints=[whole]).x)


def returns_of(covariance: Floats) -> pd.DataFrame:
    """Returns whose sample covariance is this one, for those that take returns only."""
    n = len(covariance)
    draws = np.random.default_rng(SEED).normal(size=(2 * n + 20, n))
    draws -= draws.mean(axis=0)
    white = np.linalg.solve(np.linalg.cholesky(draws.T @ draws / (len(draws) - 1)), draws.T).T
    dates = pd.date_range("2000-01-31", periods=len(draws), freq="ME")
    return pd.DataFrame(white @ np.linalg.cholesky(covariance).T, index=dates, columns=[f"a{i}" for i in range(n)])


def months(n: int, count: int) -> Floats:
    """Covariances, (count, n, n), of windows of returns with a market, two other factors and their own volatilities."""
    rng = np.random.default_rng(SEED)
    loadings = 0.3 * rng.normal(size=(n, 3)) + [1, 0, 0]
    length = max(36, 2 * n)
    scale = 0.01 * rng.uniform(0.5, 3, n)
    found = np.empty((count, n, n))
    for k in range(count):
        returns = (rng.normal(size=(length, 3)) @ loadings.T + rng.normal(size=(length, n))) * scale
        found[k] = np.cov(returns.T)
    return found


def error_of(covariances: Floats, budgets: Floats, weights: Floats) -> float:
    """The worst |share of risk / budget - 1|; infinite where a weight is no number."""
    wide, w = covariances.astype(np.longdouble), weights.astype(np.longdouble)
    products = w * np.einsum("kij,kj->ki", wide, w)
    worst = np.abs(products / products.sum(axis=1, keepdims=True) / budgets - 1).max()
    return float(worst) if np.isfinite(worst) else float("inf")


def each(solve: Solver, covariances: Floats, budgets: Floats) -> Floats:
    """One problem at a time, with the same budgets."""
    return np.array([np.ravel(np.asarray(solve(covariance, budgets), np.float64)) for covariance in covariances])


def again(solve: Solver, covariance: Floats, budgets: Floats, repeats: int) -> None:
    """The same problem over and over: nothing but the calls."""
    for _ in range(repeats):
        solve(covariance, budgets)


def timed(work: Callable[[], object], repeats: int) -> float:
    """Seconds of one of several calls."""
    begin = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - begin) / repeats


def in_turn(works: Sequence[Callable[[], object]], rounds: int = ROUNDS) -> list[float]:
    """The median time of each, one after the other in every round; each as often in a row as takes some LEAST seconds.

    The first call does not count, as it loads and compiles.
    """
    for work in works:
        work()
    repeats = [max(1, int(LEAST / timed(work, 1))) for work in works]
    rows = [[timed(work, often) for work, often in zip(works, repeats, strict=True)] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def stacks(others: list[Peer]) -> list[str]:
    """Whole stacks of problems."""
    lines = ["| assets | problems | solver | ms for all | times ours | worst error |", "|---|---|---|---|---|---|"]
    for n, count in STACKS.items():
        covariances, budgets = months(n, count), np.full(n, 1 / n)
        able = [peer for peer in others if n <= peer.largest]
        parts = [min(peer.sample, count) for peer in able]
        works: list[Callable[[], object]] = [partial(risk_parity_weights, covariances)]
        works += [partial(each, p.solve, covariances[:part], budgets) for p, part in zip(able, parts, strict=True)]
        ours, *times = in_turn(works, ROUNDS if n < 500 else 3)
        error = error_of(covariances, budgets, risk_parity_weights(covariances))
        lines.append(row(f"{n} | {count}", "**this project**", ours, ours, error))
        for peer, part, seconds in zip(able, parts, times, strict=True):
            error = error_of(covariances[:part], budgets, each(peer.solve, covariances[:part], budgets))
            lines.append(row(" | ", peer.name, seconds * count / part, ours, error))
        print("\n".join(lines[-1 - len(able) :]), flush=True)
    return lines


def row(problems: str, name: str, seconds: float, ours: float, error: float) -> str:
    """A line of a table."""
    return f"| {problems} | {name} | {number(1e3 * seconds)} | {number(seconds / ours)} | {error:.0e} |"


def number(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def singles(others: list[Peer]) -> list[str]:
    """One problem at a time, with the checks of what comes in, against the fastest peer at the same accuracy."""
    lines = [
        "| assets | budgets | this project, µs | fastest peer at 1e-10, µs | times ours |",
        "|---|---|---|---|---|",
    ]
    tight = [peer for peer in others if "tight" in peer.name]
    for n in SINGLE:
        covariance, rng = months(n, 1)[0], np.random.default_rng(SEED)
        for name, budgets in (("equal", np.full(n, 1 / n)), ("random", rng.dirichlet(np.ones(n)))):
            repeats = max(3, 20_000 // n)
            solvers: list[Solver] = [risk_parity_weights, *(peer.solve for peer in tight)]
            works: list[Callable[[], object]] = [
                partial(again, solve, covariance, budgets, repeats) for solve in solvers
            ]
            ours, *theirs = (1e6 * seconds / repeats for seconds in in_turn(works))
            lines.append(f"| {n} | {name} | {number(ours)} | {number(min(theirs))} | {number(min(theirs) / ours)} |")
            print(lines[-1], flush=True)
    return lines


def traps(others: list[Peer]) -> list[str]:
    """Two blocks of correlation 0.999, and -0.999 between them: who returns wrong weights, and says nothing."""
    rng = np.random.default_rng(SEED)
    lines = [
        "| solver | problems | correct to 1e-6 | reported failure | silently wrong | worst error |",
        "|---|---|---|---|---|---|",
    ]
    for name, solve, count in [
        ("**this project**", risk_parity_weights, 200),
        *((p.name, p.solve, min(p.sample, 200)) for p in others),
    ]:
        right = said = wrong = 0
        worst = 0.0
        for _ in range(count):
            n = int(rng.integers(4, 21))
            sides = np.where(np.arange(n) % 2, -1.0, 1.0)
            volatility = rng.uniform(0.05, 0.3, n)
            covariance = (0.001 * np.eye(n) + 0.999 * np.outer(sides, sides)) * np.outer(volatility, volatility)
            budgets = rng.dirichlet(np.full(n, 4.0))
            try:
                weights = np.ravel(np.asarray(solve(covariance, budgets), np.float64))
            except Exception:  # noqa: BLE001 - each package has its own errors
                said += 1
                continue
            error = error_of(covariance[None], budgets[None], weights[None])
            right, wrong, worst = right + (error <= 1e-6), wrong + (error > 1e-6), max(worst, error)
        lines.append(f"| {name} | {count} | {right} | {said} | {wrong} | {worst:.0e} |")
        print(lines[-1], flush=True)
    return lines


def estimators() -> list[str]:
    """Covariances of every month of 50 years, from windows of daily returns."""
    shrunk, moments = _package("sklearn.covariance"), _package("skfolio.moments")
    lines = [
        "| estimator | assets | dates | this project, ms | peer | peer, ms | times ours | largest difference |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rng = np.random.default_rng(SEED)
    for n, window in ((6, 756), (50, 756), (500, 756)):
        returns = 0.01 * (rng.normal(size=(12_600, n)) + rng.normal(size=(12_600, 1)))
        rows = list(range(window, len(returns), 21))
        pairs: list[tuple[Estimator, str, Callable[[Floats], Floats], int]] = [
            (Sample(window=window), "numpy.cov", lambda x: np.cov(x.T), 60),
            (LedoitWolf(window=window), "scikit-learn", lambda x: shrunk.ledoit_wolf(x)[0], 30),
            (OAS(window=window), "scikit-learn", lambda x: shrunk.oas(x)[0], 30),
            (Denoised(window=window), "skfolio", lambda x: moments.DenoiseCovariance().fit(x).covariance_, 10),
            (
                Gerber(window=window, statistic="gs1"),
                "skfolio",
                lambda x: moments.GerberCovariance().fit(x).covariance_,
                3,
            ),
        ]
        for mine, name, peer, sample in pairs if n < 500 else pairs[:1]:
            some = rows[:sample]
            ours, theirs = in_turn(
                [partial(mine.covariances, returns, rows, 252), partial(window_by_window, peer, returns, some, window)],
                3,
            )
            theirs *= len(rows) / len(some)
            found = mine.covariances(returns, some, 252)
            off = max(
                np.abs(one - peer(returns[k + 1 - window : k + 1])).max() for one, k in zip(found, some, strict=True)
            )
            lines.append(
                f"| {mine.covariance} | {n} | {len(rows)} | {number(1e3 * ours)} | {name} | {number(1e3 * theirs)} | "
                f"{number(theirs / ours)} | {off / np.abs(found).max():.0e} |"
            )
            print(lines[-1], flush=True)
    return lines


def window_by_window(estimate: Callable[[Floats], Floats], returns: Floats, rows: list[int], window: int) -> Floats:
    """Each window on its own."""
    return np.array([estimate(returns[row + 1 - window : row + 1]) for row in rows])


def main() -> None:
    """Measure all, and write the page."""
    warnings.simplefilter("ignore")  # of the peers
    others = peers()
    parts = {
        "Stacks of problems: every month at once": stacks(others),
        "One problem at a time": singles(others),
        "Blocks of correlation ±0.999": traps(others),
        "Estimators": estimators(),
    }
    head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    tables = "\n\n".join(f"## {title}\n\n" + "\n".join(lines) for title, lines in parts.items())
    PAGE.write_text(f"{head}{MARK}\n\n{tables}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
