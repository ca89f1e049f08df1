"""`db upgrade|current`: the schema of signalq_billing."""

from __future__ import annotations

import typer

from signalq_billing.cli.bootstrap import Wiring

app = typer.Typer(no_args_is_help=True, help="The schema of the database signalq_billing.")


@app.command()
def upgrade() -> None:
    """Bring the schema to the version this code needs; does nothing when it is there.

    Example: signalq-billing db upgrade
    """
    from signalq_billing.adapters.postgres import schema

    engine = Wiring().engine
    before = schema.current_version(engine)
    schema.upgrade(engine)
    after = schema.current_version(engine)
    typer.echo(f"schema {before or 'empty'} -> {after}" if before != after else f"schema is at {after} already")


@app.command()
def current() -> None:
    """Show the version of the schema and the one this code needs.

    Example: signalq-billing db current
    """
    from signalq_billing.adapters.postgres import schema

    typer.echo(f"schema {schema.current_version(Wiring().engine) or 'empty'}, needed {schema.head_version()}")
