"""`db upgrade|current|grant`: the schema of signalq_billing, and what the service's role may do in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from signalq_billing.cli.bootstrap import Wiring
from signalq_billing.cli.payouts import JsonOption

if TYPE_CHECKING:
    from sqlalchemy import Engine

OWNER = "signalq_billing_db_owner"

app = typer.Typer(no_args_is_help=True, help="The schema of the database signalq_billing.")


@contextmanager
def as_owner() -> Iterator[Engine]:
    """The database as the owner of the tables, if AIRFLOW_CONN_SIGNALQ_BILLING_DB_OWNER names one; else as usual."""
    from signalq_billing.adapters.postgres.engine import make_engine
    from signalq_billing.connections import from_environment, postgres_url

    owner = from_environment(OWNER, os.environ)
    engine = make_engine(postgres_url(owner)) if owner else Wiring().engine
    try:
        yield engine
    finally:
        engine.dispose()


@app.command()
def upgrade() -> None:
    """Bring the schema to the version this code needs; does nothing when it is there.

    Runs as the connection signalq_billing_db_owner where there is one.

    Example: signalq-billing db upgrade
    """
    from signalq_billing.adapters.postgres import schema

    with as_owner() as engine:
        before = schema.current_version(engine)
        schema.upgrade(engine)
        after = schema.current_version(engine)
    typer.echo(f"schema {before or 'empty'} -> {after}" if before != after else f"schema is at {after} already")


@app.command()
def current(json: JsonOption = False) -> None:
    """Show the version of the schema and the one this code needs.

    Example: signalq-billing db current
    """
    from signalq_billing.adapters.postgres import schema
    from signalq_billing.cli import display

    there, needed = schema.current_version(Wiring().engine), schema.head_version()
    if json:
        display.print_json({"schema": there, "needed": needed})
    else:
        typer.echo(f"schema {there or 'empty'}, needed {needed}")


@app.command()
def grant(
    to: Annotated[str, typer.Option("--to", help="The role that the service connects as; it must exist.")],
) -> None:
    """Give a role exactly what the service needs, and take away everything else; safe to repeat, after every upgrade.

    Run it as the owner of the tables: the connection signalq_billing_db_owner where there is one.

    Example: signalq-billing db grant --to signalq_service
    """
    from signalq_billing.adapters.postgres import privileges

    with as_owner() as engine:
        privileges.grant(engine, to)
    typer.echo(f"{to} can use {len(privileges.PRIVILEGES)} tables; it cannot drop, alter, truncate or rewrite history")
