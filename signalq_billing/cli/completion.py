"""What the shell completes: cadences and their last complete periods, from cadences.yaml alone. Never an error: a shell
that completes is no place for one."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from signalq_billing.domain.period import Cadence

_MOST_PERIODS = 8


def cadences(incomplete: str) -> list[str]:
    """Names of cadences that begin like this."""
    return [each.name for each in _known() if each.name.startswith(incomplete)]


def periods(ctx: typer.Context, incomplete: str) -> list[str]:
    """The last complete periods of the cadence that was named, else of all, the newest first."""
    named = ctx.params.get("cadence")
    chosen = [each for each in _known() if not named or each.name in (named if isinstance(named, list) else [named])]
    found = {name for each in chosen for name in _last(each)}
    return [name for name in sorted(found, reverse=True) if name.startswith(incomplete)]


def _known() -> list[Cadence]:
    try:
        from signalq_billing.adapters.config_files import load_cadences
        from signalq_billing.settings import settings

        return list(load_cadences(settings().config_directory))
    except Exception:  # no config directory, a broken file: nothing to offer
        return []


def _last(cadence: Cadence) -> list[str]:
    found: list[str] = []
    try:
        period = cadence.last_complete(dt.datetime.now(dt.UTC))
        while period is not None and len(found) < _MOST_PERIODS:
            found.append(period.name.isoformat())
            period = cadence.preceding(period)
    except Exception:
        return found
    return found
