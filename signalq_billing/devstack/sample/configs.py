"""The sample configs: the files of `config/` beside this module, copied to where a stack reads its configs from."""

import datetime as dt
import re
import shutil
from pathlib import Path

from signalq_billing.domain.period import Cadence, Every

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
    path.write_text(catching_up_from_last_complete(path.read_text(), now))
    partial.rename(target)
    return True


def catching_up_from_last_complete(text: str, now: dt.datetime) -> str:
    """The text of cadences.yaml with each `catch_up_from` moved to the last period that is complete and settled."""
    parts = re.split(r"(?m)^(?=- )", text)
    return "".join(_moved(part, now) if part.startswith("- ") else part for part in parts)


def _moved(entry: str, now: dt.datetime) -> str:
    cadence = _parse(entry)
    last = cadence.last_complete(now - cadence.settle)
    assert last is not None, "the sample cadences began years ago"
    return re.sub(r"(?m)^(  catch_up_from: ).*$", rf"\g<1>{last.name}", entry)


def _parse(entry: str) -> Cadence:
    import yaml

    [values] = yaml.safe_load(entry)
    return Cadence(
        name=values["name"],
        every=Every(values["every"]),
        count=values["count"],
        anchor=values["anchor"],
        timezone=values["timezone"],
        settle=dt.timedelta(seconds=values["settle_seconds"]),
    )
