"""Writes config directories for tests: name only the file a test is about."""

from pathlib import Path
from textwrap import dedent

from signalq_billing.adapters.config_files import load
from signalq_billing.errors import ConfigInvalid

CADENCES = """\
- {name: weekly_msk, every: week, anchor: 2026-01-05, timezone: Europe/Moscow}
- {name: monthly_msk, every: month, anchor: 2026-01-01, timezone: Europe/Moscow}
- {name: daily_ykt, every: day, anchor: 2026-01-01, timezone: Asia/Yekaterinburg}
"""
SOURCE = """\
table: //home/signalq/status_history
result_directory: //home/signalq-billing/activity
"""
PARK = """\
park_id: park-1
effective_from: 2026-11-02
cadence: weekly_msk
currency: RUB
activity: {active_statuses: [online]}
charge: {model: standard, unit: active_day, unit_amount: 10}
"""


def directory(
    tmp_path: Path,
    *,
    cadences: str | None = CADENCES,
    source: str | None = SOURCE,
    tariffs: str | None = None,
    guards: str | None = None,
    **parks: str,
) -> Path:
    """A config directory; other keywords name files of parks/. None leaves a file out."""
    (tmp_path / "parks").mkdir(exist_ok=True)
    named = {"cadences": cadences, "source": source, "tariffs": tariffs, "guards": guards}
    files = {f"{name}.yaml": text for name, text in named.items() if text is not None}
    files |= {f"parks/{name}.yaml": text for name, text in parks.items()}
    for name, text in files.items():
        (tmp_path / name).write_text(dedent(text), encoding="utf-8")
    return tmp_path


def park(**changes: str | None) -> str:
    """The park config PARK with some keys written otherwise, or left out for None; one line per key."""
    lines = dict(line.split(": ", 1) for line in PARK.splitlines())
    kept = {key: value for key, value in (lines | changes).items() if value is not None}
    return "".join(f"{key}: {value}\n" for key, value in kept.items())


def problems(where: Path) -> list[str]:
    """Every problem that loading the directory reports, as people read it."""
    try:
        load(where)
    except ConfigInvalid as invalid:
        return [str(problem) for problem in invalid.problems]
    return []


def warnings(where: Path) -> list[str]:
    return [str(warning) for warning in load(where).warnings]
