"""Public functions give a result or a clear error, whatever array they are given.

The functions are found by their annotations (`ArrayLike`), and valid calls by the examples in their docstrings. One
argument at a time is then replaced by each entry of a zoo: the same numbers stored in another way, and input from which
no number follows.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backtest.errors import BacktestError
from support.builders.shipped_estimators import CLASSES, made, market
from support.public_arrays.array_functions import array_functions, array_parameters, number_parameters, valid_calls
from support.public_arrays.array_zoo import NUMBERS, SAME, VALUES, variants

FUNCTIONS = array_functions()
LONGEST_MESSAGE = 500
ROWS = [24, 39]


def numbers_in(result: Any) -> np.ndarray:
    """Return all numbers of a result, which may be a tuple of arrays."""
    parts = result if isinstance(result, tuple) else (result,)
    return np.concatenate([np.ravel(part) for part in parts])


def outcome(function: Any, arguments: dict[str, Any]) -> np.ndarray | None:
    """Return the numbers of a result, or None if an error explains why it is missing."""
    message = ""
    try:
        result = numbers_in(function(**arguments))
    except BacktestError as problem:
        message = str(problem)
    if message:
        assert "\n" not in message
        assert len(message) < LONGEST_MESSAGE
        return None
    assert result.dtype.kind in "fib"
    return result


def calls_by_array(function: Any) -> dict[str, dict[str, Any]]:
    """Return, for each array argument, the first call of the example that passes it."""
    calls = valid_calls(function)
    return {name: next(call for call in calls if call.get(name) is not None) for name in array_parameters(function)}


def cases(function: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the names of variants and the calls with them."""
    for name, call in calls_by_array(function).items():
        for variant, values in variants(np.asarray(call[name], dtype=float)):
            yield f"{name}: {variant}", {**call, name: values}
    for name in number_parameters(function):
        for value in NUMBERS:
            yield f"{name}: {value!r}", {**valid_calls(function)[0], name: value}


def test_the_functions_of_users_are_found() -> None:
    names = {name.rpartition(".")[2] for name in FUNCTIONS}
    assert names >= {"risk_contributions", "risk_parity_weights", "scale_to_volatility", "smooth_multiples"}
    assert len(FUNCTIONS) > 25


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_an_example_passes_each_array_argument(name: str) -> None:
    passed = {key for call in valid_calls(FUNCTIONS[name]) for key, value in call.items() if value is not None}
    assert set(array_parameters(FUNCTIONS[name])) <= passed, "add an example with the other arguments"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_any_argument_gives_a_result_or_a_clear_error(name: str) -> None:
    """No infinity in a result, NaN only where the docstring says so, and the argument is left as it was."""
    function = FUNCTIONS[name]
    may_be_nan = "NaN" in (function.__doc__ or "").partition("Returns:")[2].partition("Raises:")[0]
    assert not (may_be_nan and name.endswith("_weights"))
    for case, arguments in cases(function):
        before = repr(arguments)
        try:
            result = outcome(function, arguments)
        except Exception as problem:
            raise AssertionError(f"{name}, {case}") from problem
        assert repr(arguments) == before, f"{name}, {case}"
        if result is not None:
            assert (np.isfinite(result) | (np.isnan(result) & may_be_nan)).all(), f"{name}, {case}"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_same_numbers_give_the_same_bits_however_they_are_stored(name: str) -> None:
    function = FUNCTIONS[name]
    for key, call in calls_by_array(function).items():
        expected = numbers_in(function(**call))
        for variant, values in variants(np.asarray(call[key], dtype=float), SAME):
            found = numbers_in(function(**{**call, key: values}))
            np.testing.assert_array_equal(found, expected, err_msg=f"{name}, {key}: {variant}")


def test_an_estimator_takes_any_table_of_numbers() -> None:
    estimator, returns = made("sample", {"window": 20}), market(40, 2)
    expected = estimator.covariances(returns, ROWS, 252)
    for variant, values in variants(returns):
        arguments = {"excess_returns": values, "rows": ROWS, "periods_per_year": 252}
        result = outcome(estimator.covariances, arguments)
        assert result is None or not np.isinf(result).any(), variant
        assert variant not in SAME or np.array_equal(numbers_in(expected), np.asarray(result)), variant


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_estimates_from_any_numbers_are_finite(name: str) -> None:
    """An asset with a missing return has NaN; the covariances of the others are finite."""
    estimator, returns = made(name, {"window": 20}), market(40, 2)
    for variant, values in variants(returns, VALUES):
        result = outcome(estimator.covariances, {"excess_returns": values, "rows": ROWS, "periods_per_year": 252})
        complete = not np.isnan(values).any()
        assert result is None or not np.isinf(result).any(), variant
        assert result is None or not complete or np.isfinite(result).all(), variant


@pytest.mark.parametrize("rows", [[0.5], [40], [-1], [30, 20], [30, 30], ["a"], [[1]], None, [10**30], [True]])
def test_rows_of_an_estimate_are_rising_positions(rows: Any) -> None:
    with pytest.raises(BacktestError, match=r"^rows: got .* expected (rising positions|a list of integers)"):
        made("sample", {"window": 20}).covariances(market(40, 2), rows, 252)
