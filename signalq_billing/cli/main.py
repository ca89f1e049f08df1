"""`signalq-billing`: the services without Airflow, for operators and for the days when Airflow is what is down.

Exit codes: 0 done, 1 failed, 2 bad usage or bad config, 3 refused (held, guard, not ready).
"""

from __future__ import annotations

import codecs
import io
import logging
import os
import sys

import typer

from signalq_billing import __version__
from signalq_billing.cli import adjust, config, database, dev, doctor, explain, holds, payouts, register, verify, watch
from signalq_billing.cli.next_step import next_step
from signalq_billing.errors import SignalqBillingError

app = typer.Typer(
    name="signalq-billing",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Pays taxi fleets for SignalQ cameras: exactly once, to the kopeck.",
    epilog="Exit codes: 0 done, 1 failed, 2 bad usage or bad config, 3 refused (held, guard, not ready).",
)
app.add_typer(config.app, name="config")
app.add_typer(database.app, name="db")
app.add_typer(dev.app, name="dev")
payouts.mount(app)
adjust.mount(app)
explain.mount(app)
holds.mount(app)
register.mount(app)
verify.mount(app)
doctor.mount(app)
watch.mount(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log what is done, to standard error."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),  # noqa: ARG001
) -> None:
    """Options of every command."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.ERROR,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    os.environ.setdefault("YT_LOG_LEVEL", "INFO" if verbose else "ERROR")
    logging.getLogger("Yt").setLevel(logging.INFO if verbose else logging.ERROR)  # it warns of every single retry


def main() -> None:
    """Run a command; what goes wrong becomes one message on standard error, what to do next, and an exit code."""
    _speak_utf8()
    try:
        app()
    except SignalqBillingError as error:
        _tell(f"error: {error}")
        if step := next_step(error):
            typer.echo(f"next: {step}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("interrupted; what was sent is recorded, `status` shows it", err=True)
        sys.exit(130)
    except BrokenPipeError:  # whoever read us has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if logging.getLogger().isEnabledFor(logging.INFO):
            raise
        _tell(f"error: unexpected {type(error).__name__}: {error}")
        typer.echo(
            "next: the same command as `signalq-billing --verbose ...` shows where; nothing is sent twice", err=True
        )
        sys.exit(1)


def _tell(text: str) -> None:
    typer.secho(text, err=True, fg=typer.colors.RED if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else None)


def _speak_utf8() -> None:
    """Ids are any UTF-8, whatever the terminal's locale says: what it cannot show must not end a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if codecs.lookup(stream.encoding).name != "ascii" else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


if __name__ == "__main__":
    main()
