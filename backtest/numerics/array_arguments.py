"""Arrays that users pass: conversion to numbers, and checks of their shapes and values.

A parameter annotated `ArrayLike` takes whatever a user has. The function converts it here, once, and then works with
float64 arrays in C order, so that its result has the same bits however the numbers were stored. A parameter annotated
`Floats` has been converted already and is not checked again.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backtest.errors import BacktestError
from backtest.numerics.arrays import Floats

_NOT_NUMBERS = {"c": "complex numbers", "M": "dates", "m": "time spans", "V": "records"}
_LONGEST = 150  # characters of NumPy's own message


def as_floats(values: ArrayLike, name: str) -> Floats:
    """Return an argument as float64 in C order; it shares memory with the argument if that has this form already.

    Args:
        values: an array, nested lists, a Series or a DataFrame, whose labels are ignored. A masked value becomes NaN.
        name: the argument, for the message.

    Raises:
        BacktestError: the values are not real numbers, or do not form an array.

    >>> as_floats([[1, 2], [3, 4]], "covariance").tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    >>> as_floats([1j], "weights")
    Traceback (most recent call last):
    backtest.errors.BacktestError: weights: got complex numbers; expected an array of real numbers
    """
    try:
        given = np.asarray(values)
        numbers = given if given.dtype == np.float64 else _cast(given)
    except (TypeError, ValueError, OverflowError) as problem:
        words = " ".join(str(problem).split())[:_LONGEST]
        raise BacktestError(f"{name}: {words.rstrip('.')}; expected an array of real numbers") from problem
    if isinstance(values, np.ma.MaskedArray):
        numbers = np.where(np.ma.getmaskarray(values), np.nan, numbers)
    return np.asarray(numbers, order="C")


def as_finite(values: ArrayLike, name: str) -> Floats:
    """Return an argument as `as_floats` does, if all its values are finite.

    Raises:
        BacktestError: a value is not a real number, is NaN or is infinite.

    >>> as_finite([0.5, float("nan")], "weights")
    Traceback (most recent call last):
    backtest.errors.BacktestError: weights[1] is nan, expected a finite number
    """
    array = as_floats(values, name)
    if not np.isfinite(array).all():
        raise BacktestError(f"{_first(name, array, ~np.isfinite(array))}, expected a finite number")
    return array


def check_shapes(*arguments: tuple[str, Floats, str], stacks: bool = True) -> None:
    """Check that arguments have the right dimensions, and the same size where they share one.

    Args:
        arguments: name, values and one letter for each dimension, such as "nn" for a square matrix.
        stacks: whether one additional dimension in front may make a stack; all stacks have the same size.

    Raises:
        BacktestError: the shapes do not fit, or a dimension other than a stack's is empty.

    >>> check_shapes(("weights", np.ones(2), "n"), ("covariance", np.ones((3, 3)), "nn"))
    Traceback (most recent call last):
    backtest.errors.BacktestError: got weights of shape (2,) and covariance of shape (3, 3), expected (n,) ...
    """
    sizes: dict[str, int] = {}
    for _, values, letters in arguments:
        stacked = values.ndim - len(letters)
        fits = 0 <= stacked <= stacks and 0 not in values.shape[stacked:]
        if not fits or any(
            sizes.setdefault(*each) != each[1] for each in zip("m" * stacked + letters, values.shape, strict=True)
        ):
            raise BacktestError(_misfit(arguments, stacks=stacks))


def portfolio_arrays(weights: ArrayLike, covariance: ArrayLike) -> tuple[Floats, Floats]:
    """Return weights, (n,) or (m, n), and covariance, (n, n) or (m, n, n), as arrays whose shapes fit.

    Raises:
        BacktestError: an argument is not an array of numbers, or the shapes do not fit.

    >>> [array.shape for array in portfolio_arrays([0.6, 0.4], [[0.0225, 0.0015], [0.0015, 0.0025]])]
    [(2,), (2, 2)]
    """
    w, sigma = as_floats(weights, "weights"), as_floats(covariance, "covariance")
    check_shapes(("weights", w, "n"), ("covariance", sigma, "nn"))
    return w, sigma


def check_result(result: Floats, **arguments: Floats) -> None:
    """Check that a result is finite where its arguments have numbers; a NaN in them may make it NaN.

    Checking the result, which is small, is faster than checking the arguments.

    Args:
        result: computed from the arguments, without NaN of its own.
        arguments: the arguments by name, as converted.

    Raises:
        BacktestError: an argument contains infinity, or the result is beyond double precision.

    >>> check_result(np.array(np.inf), weights=np.array([1e200]), covariance=np.array([[1.0]]))
    Traceback (most recent call last):
    backtest.errors.BacktestError: weights and covariance: the numbers are so large that the result is infinite; ...
    """
    if np.isfinite(result).all():
        return
    for name, values in arguments.items():
        if np.isinf(values).any():
            raise BacktestError(f"{_first(name, values, np.isinf(values))}, expected finite numbers")
    if np.isinf(result).any() or not any(np.isnan(values).any() for values in arguments.values()):
        raise BacktestError(
            f"{' and '.join(arguments)}: the numbers are so large that the result is infinite; expected decimals, "
            f"such as 0.01 for 1 %"
        )


def _cast(values: NDArray[Any]) -> Floats:
    if values.dtype.kind in _NOT_NUMBERS:
        raise TypeError(f"got {_NOT_NUMBERS[values.dtype.kind]}")
    with np.errstate(all="ignore"):  # a long double beyond the largest double becomes infinite
        return values.astype(np.float64)


def _misfit(arguments: tuple[tuple[str, Floats, str], ...], *, stacks: bool) -> str:
    """Describe shapes that do not fit, and the expected shapes."""
    alone = f"{arguments[0][0]}: got the shape {arguments[0][1].shape}"
    together = " and ".join(f"{name} of shape {values.shape}" for name, values, _ in arguments)
    single, stacked = (" and ".join(_shape_in_words(m + letters) for _, _, letters in arguments) for m in ("", "m"))
    expected = f"{single}, or {stacked} for a stack" if stacks else single
    return f"{alone if len(arguments) == 1 else f'got {together}'}, expected {expected}, without empty dimensions"


def _first(name: str, values: Floats, wrong: ArrayLike) -> str:
    """Name the first wrong value of an argument, such as `weights[1] is nan`."""
    place = tuple(np.argwhere(wrong)[0].tolist())
    return f"{name}{list(place) if place else ''} is {values[place]:g}"


def _shape_in_words(letters: str) -> str:
    """Write a shape as Python does.

    >>> _shape_in_words("n"), _shape_in_words("Tn"), _shape_in_words("")
    ('(n,)', '(T, n)', 'a number')
    """
    return f"({', '.join(letters)}{',' * (len(letters) == 1)})" if letters else "a number"
