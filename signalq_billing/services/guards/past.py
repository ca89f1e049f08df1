"""Guards that hold a payout against what its park was paid before. Adjustments are differences: nothing to compare."""

from collections.abc import Mapping, Sequence

from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.payment_history import PaymentHistory
from signalq_billing.domain.progress import PayoutProgress
from signalq_billing.domain.unusual import changed_config, unusual_devices, unusual_total
from signalq_billing.ports import PayoutStore


def past_reasons(guards: Guards, payouts: Sequence[PayoutProgress], store: PayoutStore) -> dict[int, list[str]]:
    """Per payout id, why its park's past says that it must be held; one query for the pasts of all of them."""
    if not guards.past_periods or not payouts:
        return {}
    histories = store.payment_histories([payout.payout_id for payout in payouts], guards.past_periods)
    configs = _configs(histories, store) if guards.hold_config_changes else {}
    return {history.payout_id: _reasons(guards, history, configs) for history in histories}


def _reasons(guards: Guards, history: PaymentHistory, configs: Mapping[int, ParkConfig]) -> list[str]:
    reasons = [
        unusual_total(history, guards.total_deviation) if guards.total_deviation else None,
        unusual_devices(history, guards.device_jump) if guards.device_jump else None,
        _config_change(history, configs),
        "it is the park's first payout (hold_first of guards.yaml)"
        if guards.hold_first and history.last_paid is None
        else None,
    ]
    return [reason for reason in reasons if reason is not None]


def _configs(histories: Sequence[PaymentHistory], store: PayoutStore) -> Mapping[int, ParkConfig]:
    """The config versions of payouts that were computed by another one than their park was paid by last."""
    ids = {
        version_id
        for history in histories
        if history.last_paid is not None and history.last_paid.version_id != history.version_id
        for version_id in (history.version_id, history.last_paid.version_id)
    }
    return store.config_versions(ids) if ids else {}


def _config_change(history: PaymentHistory, configs: Mapping[int, ParkConfig]) -> str | None:
    paid = history.last_paid
    if paid is None or paid.version_id not in configs:
        return None
    return changed_config(paid, configs[paid.version_id], configs[history.version_id])
