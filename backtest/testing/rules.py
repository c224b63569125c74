"""Running of rules: each is a function that raises `BrokenRule` if an object breaks it."""

from collections.abc import Callable, Sequence
from inspect import isabstract
from typing import Any

from backtest.errors import BacktestError, BrokenRule
from backtest.own_code import reported


def instance_of(given: Any, base: type) -> Any:
    """Return the object to check, which is created if a class is given.

    Raises:
        BrokenRule: it is not of the base class, lacks a method, or cannot be created without arguments.
    """
    found = given if isinstance(given, type) else type(given)
    if not issubclass(found, base):
        raise BrokenRule(
            f"{found.__name__} does not extend bt.{base.__name__}; expected a class or an object that does"
        )
    if isabstract(found):
        missing = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
        raise BrokenRule(f"{found.__name__} has no {missing}; expected that method")
    if found is not given:
        return given
    with reported(BrokenRule, f"{found.__name__}: no defaults for all settings, so pass an object: "):
        return found()


def check_rules(rules: Sequence[Callable[..., None]], checked: Any, *inputs: Any) -> None:
    """Check that an object follows each of the rules.

    Raises:
        BrokenRule: a rule is broken; the message names the rule, which is a function that can be called again.
    """
    name = type(checked).__name__
    for rule in rules:
        try:
            with reported(BrokenRule):
                rule(checked, *inputs)
        except BacktestError as broken:
            raise BrokenRule(f"{name}: {broken}. Rule: {rule.__module__}.{rule.__name__}") from broken
