"""The JSON that the config commands print: money is a decimal string, times are ISO 8601 UTC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from signalq_billing.cli.documents import period_document, round_places, source_document
from signalq_billing.domain.comparison import CurrencyTotal, Paid, ParkComparison, PeriodComparison
from signalq_billing.domain.config_body import to_body
from signalq_billing.domain.config_changes import ChangeKind, VersionChange
from signalq_billing.domain.money import money_text
from signalq_billing.domain.order import utc_iso
from signalq_billing.domain.record import AppliedVersion, SupersededVersion
from signalq_billing.services.config_diff import ConfigDiff
from signalq_billing.services.configs import ConfigShown


def shown_document(shown: ConfigShown) -> dict[str, Any]:
    """What `config show --json` prints."""
    document: dict[str, Any] = {
        "park_id": shown.park_id,
        "at": shown.at.isoformat(),
        "in_force": to_body(shown.in_force.config) if shown.in_force else None,
        "versions": [
            _applied(each) | {"paid_with": each.config.effective_from in shown.paid} for each in shown.versions
        ],
    }
    if shown.superseded is not None:
        document["superseded"] = [_superseded(each) for each in shown.superseded]
    return document


def _applied(version: AppliedVersion) -> dict[str, Any]:
    return {
        "config_version": version.config.version,
        "enabled": version.config.enabled,
        "cadence": version.config.cadence,
        "applied_at": utc_iso(version.applied_at),
        "applied_by": version.applied_by,
    }


def _superseded(each: SupersededVersion) -> dict[str, Any]:
    return {
        **_applied(each.version),
        "superseded_at": utc_iso(each.superseded_at),
        "superseded_by": each.superseded_by,
        "config": to_body(each.version.config),
    }


def diff_document(found: ConfigDiff, compared: Sequence[PeriodComparison] | None) -> dict[str, Any]:
    """What `config diff --json` prints; `periods` only with --money."""
    document: dict[str, Any] = {
        "added": [_change(change) for change in found.of(ChangeKind.ADDED)],
        "changed": [_change(change) for change in found.of(ChangeKind.CHANGED)],
        "unchanged": found.unchanged,
        "kept": [{"park_id": config.park_id, "config_version": config.version} for config in found.kept],
        "warnings": [str(warning) for warning in found.warnings],
    }
    return document if compared is None else document | {"periods": [_period(each) for each in compared]}


def _change(change: VersionChange) -> dict[str, Any]:
    return {
        "park_id": change.config.park_id,
        "config_version": change.config.version,
        "before": change.before.version if change.before else None,
        "fields": [{"path": each.path, "before": each.before, "after": each.after} for each in change.fields],
    }


def _period(compared: PeriodComparison) -> dict[str, Any]:
    snapshot = compared.snapshot
    return {
        "cadence": compared.period.cadence,
        "period": period_document(compared.period),
        "refused": compared.refused or None,
        "later_versions": [{"config_version": f"{day}", "parks": count} for day, count in compared.later.items()],
        "parks": [_park(park) for park in compared.parks],
        "not_compared": [{"park_id": park_id, "reason": reason} for park_id, reason in compared.not_compared],
        "unchanged": compared.unchanged,
        "totals": [_total(total) for total in compared.totals],
        **(source_document(snapshot) if snapshot else {"bad_rows": None, "watermark": None}),
    }


def _park(park: ParkComparison) -> dict[str, Any]:
    difference, share = park.difference, park.share
    return {
        "park_id": park.park_id,
        "paid": _side(park.before),
        "would_pay": _side(park.after),
        "disabled_from": park.ended.isoformat() if park.ended and not park.after else None,
        "difference": None if difference is None else money_text(difference, park.currency),
        "share": None if share is None else format(round_places(share, 6), "f"),
    }


def _side(side: Paid | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "amount": money_text(side.amount, side.currency),
        "currency": side.currency,
        "config_version": side.version.isoformat(),
        "stored": side.stored,
    }


def _total(total: CurrencyTotal) -> dict[str, str]:
    return {
        "currency": total.currency,
        "paid": money_text(total.before, total.currency),
        "would_pay": money_text(total.after, total.currency),
        "difference": money_text(total.difference, total.currency),
    }
