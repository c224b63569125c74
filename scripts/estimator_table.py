"""The table of estimators in the documentation, generated from the classes in `backtest/estimation/methods`."""

import re
from typing import Any, Literal, get_args, get_origin

from backtest.estimation.estimation_settings import estimator_classes

HEADER = "| name | Σ | source | settings and defaults |\n|---|---|---|---|\n"
TABLE = re.compile(rf"{re.escape(HEADER)}(?:\|.*\n)*")


def estimator_table() -> str:
    """Return the Markdown table of estimators: name, formula, source, and the settings except `missing`."""
    rows = []
    for estimator in estimator_classes():
        fields = {key: field for key, field in estimator.model_fields.items() if key not in {"covariance", "missing"}}
        settings = ", ".join(_setting(key, field.default, field.annotation) for key, field in fields.items())
        name = estimator.model_fields["covariance"].default
        rows.append(f"| `{name}` | {estimator.formula} | {estimator.source} | {settings} |\n")
    return HEADER + "".join(rows)


def refresh_table(page: str) -> str:
    """Return the text of a page with its table of estimators, if it has one, generated again."""
    return TABLE.sub(lambda _: estimator_table(), page)


def _setting(key: str, default: Any, annotation: Any) -> str:
    """Describe a setting by its default, and by its other choices if there are any."""
    if default is None:
        return f"`{key}` (optional)"
    others = [value for value in get_args(annotation) if value != default] if get_origin(annotation) is Literal else []
    return f"`{key}: {default}`" + (f" (or {', '.join(f'`{value}`' for value in others)})" if others else "")
