"""The product: from the Arrow bytes of an extraction to committed payouts, lines, orders and history."""

from typing import Any, cast

from benchmarks.store.ground import Ground, ground
from signalq_billing.ports import ActivitySource
from signalq_billing.services.compute import compute_and_store

_grounds: list[Ground] = []


def prepare(directory: str, parks: int, devices: int) -> None:
    _grounds.append(ground(directory, parks, devices))


def run(**_: Any) -> list[Any]:  # noqa: ANN401 - prepare was told
    (made,) = _grounds
    activity = cast(ActivitySource, made.activity)
    compute_and_store(
        made.snapshot, made.snapshot_id, made.configs, activity=activity, payouts=made.store, actor="bench"
    )
    return made.stored()


def finish(**_: Any) -> None:  # noqa: ANN401
    for made in _grounds:
        made.end()
