"""From an extraction to payouts: each park's activity through its config, stored with lines and orders."""

import logging
from collections.abc import Iterable, Iterator, Sequence

from signalq_billing.domain.activity import ActivitySnapshot, DeviceActivity, ParkActivity
from signalq_billing.domain.compute import compute_payout
from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.payout import Payout
from signalq_billing.domain.period import Period
from signalq_billing.domain.progress import StoreResult
from signalq_billing.errors import SignalqBillingError, SourceInvalid, UsageError
from signalq_billing.ports import ActivitySource, PayoutStore, StoredPayout
from signalq_billing.services.extract import request_for

log = logging.getLogger(__name__)

_PARKS_AT_ONCE, _LINES_AT_ONCE = 100, 10_000


def payouts_of(snapshot: ActivitySnapshot, configs: Sequence[ParkConfig], activity: ActivitySource) -> Iterator[Payout]:
    """One payout per config, in the order of parks (bytewise); a park without activity gets one without lines.

    Holds one park at a time. Raises SourceInvalid if the configs' activity rules changed since the extraction, and
    UsageError for a park whose charge model or unit is not installed or is broken.
    """
    for computed in each_computed(snapshot, configs, activity):
        if isinstance(computed, UsageError):
            raise computed
        yield computed


def compute_and_store(
    snapshot: ActivitySnapshot,
    snapshot_id: int,
    configs: Sequence[ParkConfig],
    *,
    activity: ActivitySource,
    payouts: PayoutStore,
    actor: str,
) -> list[StoredPayout]:
    """Compute and store the payouts of `configs`, up to a hundred parks at a time, fewer where they have many devices.

    What was claimed before stays as it is. A park whose time is already another payout's (OVERLAP), or whose charge
    cannot be computed (NOT_COMPUTED), is told in its result and stops nobody else.
    """
    stored: list[StoredPayout] = []
    for batch in batches_computed(snapshot, configs, activity):
        stored += payouts.store([each for _, each in batch if isinstance(each, Payout)], snapshot_id, actor)
        stored += [_not_computed(config, each) for config, each in batch if isinstance(each, UsageError)]
    for each in stored:
        if each.problem:
            log.error("%s", each.problem)
    if hint := frozen_hint(snapshot.period, stored):
        log.warning("%s", hint)
    return stored


def batches_computed(
    snapshot: ActivitySnapshot, configs: Sequence[ParkConfig], activity: ActivitySource
) -> Iterator[list[tuple[ParkConfig, Payout | UsageError]]]:
    """`each_computed` with its configs, so many parks at a time that their lines take little memory together."""
    batch: list[tuple[ParkConfig, Payout | UsageError]] = []
    lines = 0
    for config, computed in zip(in_order(configs), each_computed(snapshot, configs, activity), strict=True):
        batch.append((config, computed))
        lines += len(computed.lines) if isinstance(computed, Payout) else 0
        if len(batch) >= _PARKS_AT_ONCE or lines >= _LINES_AT_ONCE:
            yield batch
            batch, lines = [], 0
    if batch:
        yield batch


def frozen_hint(period: Period, stored: Iterable[StoredPayout]) -> str:
    """What to do about payouts that were sent before and would be computed otherwise now; empty without any."""
    frozen = sum(each.result is StoreResult.FROZEN for each in stored)
    if not frozen:
        return ""
    command = f"signalq-billing adjust --cadence {period.cadence} --period {period.name}"
    return (
        f"{frozen} payout{'s' if frozen != 1 else ''} of {period} would be computed otherwise now and stay as sent: "
        f"`{command}` pays what differs from all that was paid (--dry-run shows it)"
    )


def _not_computed(config: ParkConfig, error: UsageError) -> StoredPayout:
    return StoredPayout(None, config.park_id, StoreResult.NOT_COMPUTED, 0, str(error))


def each_computed(
    snapshot: ActivitySnapshot, configs: Sequence[ParkConfig], activity: ActivitySource
) -> Iterator[Payout | UsageError]:
    """Per config, in the order of parks (bytewise), its payout or why there cannot be one. Raises SourceInvalid if the
    configs' activity rules changed since the extraction."""
    if request_for(snapshot.period, configs, snapshot.clock).rules_digest != snapshot.rules_digest:
        raise SourceInvalid(
            f"the configs' activity rules for {snapshot.period} changed after its activity was extracted: "
            f"extract again (in Airflow: clear the task `extract` and all that follows)"
        )
    parks = activity.read(snapshot.result_table, snapshot.period)
    for config, devices in _joined(configs, parks):
        yield _computed(config, snapshot.period, devices)


def _computed(config: ParkConfig, period: Period, devices: Sequence[DeviceActivity]) -> Payout | UsageError:
    try:
        return compute_payout(config, period, devices)
    except SignalqBillingError as error:
        return UsageError(f"park {config.park_id}, {period}: {error}")


def _joined(
    configs: Sequence[ParkConfig], parks: Iterable[ParkActivity]
) -> Iterator[tuple[ParkConfig, Sequence[DeviceActivity]]]:
    """Configs with their parks' devices; both come sorted bytewise by park."""
    rest = iter(parks)
    park = next(rest, None)
    for config in in_order(configs):
        while park is not None and park.park_id.encode() < config.park_id.encode():
            park = next(rest, None)
        yield config, park.devices if park is not None and park.park_id == config.park_id else ()


def in_order(configs: Sequence[ParkConfig]) -> list[ParkConfig]:
    """Sorted bytewise by park, as activity is read."""
    return sorted(configs, key=lambda each: each.park_id.encode())
