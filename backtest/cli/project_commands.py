"""Commands for writing configurations and strategies: `schema`."""

import json

import typer


def schema() -> None:
    """Print the JSON Schema of configurations, with which editors complete and check them."""
    from backtest.config.json_schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=1, ensure_ascii=False))
