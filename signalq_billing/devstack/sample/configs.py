"""The sample configs: the files of `config/` beside this module, copied to where a stack reads its configs from."""

import datetime as dt
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from signalq_billing.adapters.config_files import load_cadences
from signalq_billing.domain.period import Cadence, Period

DIRECTORY = Path(__file__).parent / "config"
LONG_AGO = dt.timedelta(days=100)


def write_if_absent(target: Path, now: dt.datetime | None = None) -> bool:
    """Copy the sample configs to `target` unless there are configs already; returns whether it did.

    Scheduled runs begin with the last complete period, so that a new stack does not work through years.
    """
    if (target / "cadences.yaml").exists():
        return False
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(DIRECTORY, partial)
    begin_with_last_period(partial, now or dt.datetime.now(dt.UTC))
    partial.rename(target)
    return True


def begin_with_last_period(directory: Path, now: dt.datetime) -> bool:
    """Let runs begin with the last complete period where they would begin more than a hundred days ago, as they would
    for a stack nobody has used for long; returns whether anything changed."""
    path = directory / "cadences.yaml"
    cadences = [each for each in load_cadences(directory) if _begins_long_ago(each, now)]
    text = path.read_text()
    moved = catching_up_from_last_complete(text, cadences, now)
    if moved == text:
        return False
    path.write_text(moved)
    return True


def _begins_long_ago(cadence: Cadence, now: dt.datetime) -> bool:
    return cadence.catch_up_from is not None and now.date() - cadence.catch_up_from > LONG_AGO


def catching_up_from_last_complete(text: str, cadences: Iterable[Cadence], now: dt.datetime) -> str:
    """The text of cadences.yaml with each `catch_up_from` moved to the last period that is complete and settled."""
    parts = re.split(r"(?m)^(?=- name: )", text)
    starts = {f"- name: {cadence.name}": last_settled(cadence, now).name for cadence in cadences}
    for number, part in enumerate(parts):
        if start := starts.get(part.partition("\n")[0]):
            parts[number] = re.sub(r"(?m)^(  catch_up_from: ).*$", rf"\g<1>{start}", part)
    return "".join(parts)


def last_settled(cadence: Cadence, now: dt.datetime) -> Period:
    """The newest period whose scheduled run may have begun by `now`."""
    last = cadence.last_complete(now - cadence.settle)
    assert last is not None, f"cadence {cadence.name} has not completed a period yet"
    return last
