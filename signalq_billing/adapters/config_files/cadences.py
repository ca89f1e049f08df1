"""cadences.yaml: the only config file read when DAGs are parsed, so it imports little (SPEC sections 5, 10)."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

from signalq_billing.adapters.config_files.keys import Keys
from signalq_billing.adapters.config_files.report import Report
from signalq_billing.adapters.config_files.values import day, matching, one_of, timezone, whole
from signalq_billing.adapters.config_files.yaml_tree import Keyed, Listing, Scalar, read_tree
from signalq_billing.domain.config_rules import Place
from signalq_billing.domain.period import Cadence, Every

FILE = "cadences.yaml"
_NAME = matching(r"[A-Za-z0-9_.-]{1,200}", "letters, digits, `_`, `-` and `.` alone, 200 at most: a DAG is named by it")
_MINUTES = 100_000
_SETTLE = dt.timedelta(minutes=15)


@dataclass(slots=True)
class ReadCadences:
    """The good cadences by name, and every name the file gives, good or not. `known` None: nothing could be read."""

    good: dict[str, Cadence] = field(default_factory=dict)
    known: set[str] | None = field(default_factory=set)


def load_cadences(directory: Path | str) -> list[Cadence]:
    """The cadences of a config directory, in the file's order. Raises ConfigInvalid with all of its problems."""
    report = Report()
    cadences = read_cadences(Path(directory), report)
    report.raise_problems()
    return list(cadences.good.values())


def read_cadences(directory: Path, report: Report) -> ReadCadences:
    """cadences.yaml, its problems told to `report`."""
    if not (directory / FILE).exists():
        report.problem(Place(FILE, 0), "", f"must exist in {directory}, if only with an empty list")
        return ReadCadences(known=None)
    tree, readable = read_tree(directory / FILE, FILE, report)
    if tree is None:
        return ReadCadences(known=set() if readable else None)
    if not isinstance(tree, Listing):
        report.problem(tree.at, "", "must be a list of cadences, each beginning with `- name:`")
        return ReadCadences(known=None)
    return _cadences(tree, report)


def _cadences(tree: Listing, report: Report) -> ReadCadences:
    read = ReadCadences()
    places: dict[str, Place] = {}
    for index, item in enumerate(tree.items):
        if not isinstance(item, Keyed):
            report.problem(item.at, f"[{index}]", "must be a mapping with the keys of a cadence")
            continue
        keys = Keys(item, report, f"[{index}]")
        cadence = _cadence(keys)
        name = item.values.get("name")
        if not isinstance(name, Scalar) or read.known is None:
            continue
        if name.text in read.known:
            keys.problem("name", f"is on line {places[name.text].line} already; names are unique")
        elif cadence is not None:
            read.good[name.text] = cadence
        read.known.add(name.text)
        places.setdefault(name.text, name.at)
    return read


def _cadence(keys: Keys) -> Cadence | None:
    name = keys.need("name", _NAME)
    if name is not None:
        keys.path = name
    every = keys.need("every", one_of([each.value for each in Every]))
    count = keys.may("count", whole(1, 1000), 1)
    anchor = keys.need("anchor", day)
    zone_name = keys.need("timezone", timezone)
    settle = keys.optional("settle_minutes", whole(0, _MINUTES))
    catch_up_from = keys.optional("catch_up_from", day)
    deadline = keys.optional("deadline_minutes", whole(1, _MINUTES))
    keys.close()
    if every == Every.MONTH and anchor is not None and anchor.day > 28:
        keys.problem("anchor", f"{anchor}: a monthly anchor has day 1 to 28, so that every month has that day")
    _check_deadline(keys, settle, deadline)
    if name is None or every is None or anchor is None or zone_name is None:
        return None
    return Cadence(
        name=name,
        every=Every(every),
        count=count,
        anchor=anchor,
        timezone=zone_name,
        settle=_SETTLE if settle is None else dt.timedelta(minutes=settle),
        catch_up_from=catch_up_from,
        deadline=None if deadline is None else dt.timedelta(minutes=deadline),
    )


def _check_deadline(keys: Keys, settle: int | None, deadline: int | None) -> None:
    waits = int(_SETTLE.total_seconds() // 60) if settle is None else settle
    if deadline is not None and deadline <= waits:
        keys.problem(
            "deadline_minutes",
            f"{deadline}: both count from a period's end, and the run begins settle_minutes ({waits}) after it; a "
            f"deadline before its run would alert every time",
        )
