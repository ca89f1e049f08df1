"""`signalq-billing dev`: the local stack, its environment, its sample data and a first payment on it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from signalq_billing.devstack.stack import Stack

app = typer.Typer(no_args_is_help=True, help="The local stack: everything this service talks to, on this machine.")

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Where the stack keeps its data. Default: .devstack in the checkout.")
]


@app.command()
def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return and leave it running.")] = False,
    no_airflow: Annotated[bool, typer.Option("--no-airflow", help="Without Airflow.")] = False,
    data: DataOption = None,
) -> None:
    """Start PostgreSQL, the stand-ins and Airflow; what AIRFLOW_CONN_* names already is used instead of a stand-in.

    Example: signalq-billing dev up --detach
    """
    from signalq_billing.devstack import environment, home, stack, starting

    where = home.locate(data, os.environ)
    started = None
    _end_on_signals()
    try:
        began = time.monotonic()
        started = starting.up(where, environment.from_outside(os.environ, where), airflow=not no_airflow, say=_say)
        _say(f"the local stack is up ({time.monotonic() - began:.1f} s), its data in {where.path}")
        if not no_airflow:
            _say_where(started)
        if detach:
            return
        _say("Ctrl-C ends it.")
        _watch(started)
    except KeyboardInterrupt:
        _say("ending ...")
        stack.down(where, say=_say)
        raise typer.Exit(0 if started else 130) from None


@app.command()
def down(data: DataOption = None) -> None:
    """End every process of the stack; its data stays.

    Example: signalq-billing dev down
    """
    from signalq_billing.devstack import home, stack

    where = home.locate(data, os.environ)
    stack.down(where, say=_say)
    _say(f"the local stack is down; its data is still in {where.path}")


@app.command()
def env(data: DataOption = None) -> None:
    """Print `export NAME=value` lines for the stack's connections.

    Example: eval "$(signalq-billing dev env)"
    """
    from signalq_billing.devstack import environment, home

    where = home.locate(data, os.environ)
    # With the stack's directory in the shell, `dev seed` and the others find the same stack again.
    typer.echo(environment.shell({**_open(data).environment.exports, home.DATA_VARIABLE: str(where.path)}))


@app.command()
def seed(data: DataOption = None) -> None:
    """Apply the sample configs and write the sample history; what is there already and fresh is left alone.

    Example: signalq-billing dev seed
    """
    from signalq_billing.devstack.sample import seed as sample

    sample.seed_stack(_open(data, "dev seed"), say=_say)


@app.command()
def demo(data: DataOption = None) -> None:
    """Let Airflow's scheduler pay the last complete period of every cadence, and show what came of it.

    Example: signalq-billing dev demo
    """
    from signalq_billing.devstack import demo, demo_report
    from signalq_billing.devstack.sample import seed as sample

    stack = _open(data, "dev demo")
    periods = sample.complete_periods(stack)
    with demo_report.shown() as show:
        demo.pay(stack, periods, show)
    payouts = demo_report.paid(stack, periods)
    demo_report.print_report(stack, payouts)
    if any(not payout.settled and not payout.hold_reason for payout in payouts):
        raise typer.Exit(1)


def _open(data: Path | None, needed_by: str = "") -> Stack:
    from signalq_billing.devstack import environment, home, stack
    from signalq_billing.devstack.steps import StackFailed

    where = home.locate(data, os.environ)
    found = stack.running_stack(where, environment.from_outside(os.environ, where), say=_say)
    if needed_by and not found.supervisor.running():
        raise StackFailed(needed_by, "the local stack is not up; start it with: signalq-billing dev up --detach")
    return found


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _say_where(stack: Stack) -> None:
    from signalq_billing.devstack import airflow_settings, demo_report

    _say(f"Airflow   {airflow_settings.api_url(stack.memory)}   {demo_report.login(stack)}")


def _end_on_signals() -> None:
    """Being told to end is being told to end the stack. Ctrl-C too where a shell started us in its background, and so
    deaf to it."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def _watch(stack: Stack) -> None:
    """Until the supervisor ends, by `dev down` in another shell."""
    while stack.supervisor.running():
        time.sleep(1)
