"""`verify --history`: whether anybody changed, added or took out anything of the history."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from signalq_billing.cli.bootstrap import Wiring

if TYPE_CHECKING:
    from signalq_billing.adapters.postgres.history import HistoryBreak
    from signalq_billing.adapters.postgres.history_check import Ends, HistoryCheck

_MOST_SHOWN = 10_000


def verify_history(checkpoint: Path | None, *, as_json: bool) -> None:
    """Walk the whole history and show what is wrong with it; exit code 1 if anything is.

    `checkpoint` is read if it exists, and written anew if nothing is wrong. Raises UsageError for one that is none.
    """
    from signalq_billing.adapters.postgres.history_check import HistoryCheck

    known = _read(checkpoint) if checkpoint is not None and checkpoint.exists() else {}
    check = HistoryCheck(Wiring().engine, known)
    shown: list[HistoryBreak] = []
    found = 0
    with _bar(check, quiet=as_json) as check.tick:
        for each in check.breaks():
            found += 1
            if not as_json:
                typer.echo(str(each))
            elif len(shown) < _MOST_SHOWN:
                shown.append(each)
    if checkpoint is not None and not found:
        _write(checkpoint, check.ends)
    if as_json:
        _print(check, shown, found)
    else:
        wrong = f"{found:,} things are wrong" if found else "nothing was changed, added or taken out"
        typer.echo(f"{check.entries:,} entries of {len(check.ends):,} parks: {wrong}; fingerprint {check.fingerprint}")
    if found:
        raise typer.Exit(1)


def _print(check: HistoryCheck, shown: list[HistoryBreak], found: int) -> None:
    from signalq_billing.cli import display

    document: dict[str, Any] = {
        "whole": not found,
        "entries": check.entries,
        "parks": len(check.ends),
        "fingerprint": check.fingerprint,
        "breaks": found,
        "first_breaks": [{"park_id": each.park_id, "entry": each.seq, "problem": each.problem} for each in shown],
    }
    display.print_json(document)


@contextmanager
def _bar(check: HistoryCheck, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("walking the history"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("history", total=check.count())
        yield lambda entries: progress.advance(task, entries)


def _read(path: Path) -> Ends:
    from signalq_billing.errors import UsageError

    try:
        parks = json.loads(path.read_text())["parks"]
        return {park_id: (int(end["entry"]), str(end["hash"])) for park_id, end in parks.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is no checkpoint of the history: name one that `verify --history` wrote") from error


def _write(path: Path, ends: Ends) -> None:
    parks = {park_id: {"entry": seq, "hash": last} for park_id, (seq, last) in sorted(ends.items())}
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps({"parks": parks}, indent=1) + "\n")
    os.replace(fresh, path)
