"""The sample configs: the files of `config/` beside this module, copied to where a stack reads its configs from."""

import datetime as dt
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from signalq_billing.adapters.config_files import load_cadences
from signalq_billing.domain.period import Cadence, Period

DIRECTORY = Path(__file__).parent / "config"


def write_if_absent(target: Path, now: dt.datetime | None = None) -> bool:
    """Copy the sample configs to `target` unless there are configs already; returns whether it did.

    Scheduled runs begin with the last complete period, so that a new stack does not work through years.
    """
    if (target / "cadences.yaml").exists():
        return False
    now = now or dt.datetime.now(dt.UTC)
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(DIRECTORY, partial)
    path = partial / "cadences.yaml"
    path.write_text(catching_up_from_last_complete(path.read_text(), load_cadences(partial), now))
    partial.rename(target)
    return True


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
