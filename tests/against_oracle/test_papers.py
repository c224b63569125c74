"""Published results of risk parity, from the configurations in `configs/papers` and the bundled data.

The bundled bonds are Aaa corporates in place of the papers' Treasuries, so levels are compared with another replication
on the same data, and the papers give the order and the fall by financing.
"""

import pytest

import backtest as bt
from scripts.article_claims import yield_regimes
from scripts.paper_tables import (
    ANDERSON,
    ASNESS,
    LEVERED,
    PAPERS,
    anderson_cases,
    asness_numbers,
    excess_of,
    financing_falls,
)


def test_the_sharpe_ratios_of_asness_frazzini_pedersen_have_the_papers_order() -> None:
    """The levered portfolio is 0.10 below the paper; the others are as close as two indices of one market are."""
    own = asness_numbers()
    unlevered = "risk parity, unlevered"
    assert sorted(own, key=lambda name: own[name].sharpe) == ["stocks", "60/40", LEVERED, unlevered]
    for name in ("stocks", "60/40", unlevered):
        assert own[name].sharpe == pytest.approx(ASNESS[name].sharpe, abs=0.025)
    assert own["stocks"].mean == pytest.approx(ASNESS["stocks"].mean, abs=0.001)
    assert own["stocks"].volatility == pytest.approx(ASNESS["stocks"].volatility, abs=0.002)


def test_the_shipped_k_gives_the_papers_volatility() -> None:
    """The excess return of weights k / σ is linear in k while loans pay the cash rate and trades are free."""
    run, double = (bt.run(PAPERS / "asness_levered.yaml", {"strategy.k": k}) for k in (0.0823, 0.1646))
    found = excess_of(run.nav, run.cash_returns)
    assert found.volatility == pytest.approx(ASNESS[LEVERED].volatility, abs=5e-4)  # k has three digits
    assert excess_of(double.nav, double.cash_returns).volatility == pytest.approx(2 * found.volatility, rel=1e-12)


def test_financing_takes_the_spread_times_the_loan() -> None:
    """Within 5 %: the spread compounds, and is paid by actual days of a year of 360."""
    loans = financing_falls()
    bills = loans.pop("bills")
    for loan in loans.values():
        assert (bills.lead - loan.lead) * 100 == pytest.approx(loan.spread * loan.loan, rel=0.05)


def test_the_leads_of_anderson_bianchi_goldberg() -> None:
    """Another replication on the same data gave 204, 130 and 56 bp, and break-even spreads of 151 and 89 bp."""
    cases = anderson_cases()
    assert [round(case.lead) for case in cases.values()] == [204, 130, 130, 56]
    assert [round(case.break_even) for case in cases.values()] == [151, 151, 89, 89]
    first, *_, last = cases.values()
    assert first.lead == pytest.approx(ANDERSON["bill rate, no costs"], abs=10)
    assert first.lead > 3 * last.lead > 0


def test_yields_rose_to_1981_and_fell_afterwards() -> None:
    """The regimes of the page are of the 10-year yield, whose peak of September 1981 is known."""
    rising = yield_regimes() == "rising"
    assert rising["1955":"1981-09"].mean() > 0.7
    assert rising["1982-09":"2020"].mean() < 0.4
