"""Versions that come too late for periods already paid are warned of; what was paid stays."""

import datetime as dt
from collections.abc import Sequence

from signalq_billing.domain.config import ParkConfig
from signalq_billing.domain.paid import ConfigSpan, PaidSpan
from signalq_billing.domain.period import local_midnight
from signalq_billing.services.configs import apply, compare
from tests.unit.services.test_configs import Stored, configs, version

MOSCOW = "Europe/Moscow"


def midnight(day: str, zone: str = MOSCOW) -> dt.datetime:
    return local_midnight(dt.date.fromisoformat(day), zone)


class Asked(Stored):
    """A store that remembers the spans it was asked about."""

    def __init__(self, *versions: ParkConfig) -> None:
        super().__init__(*versions)
        self.spans: list[ConfigSpan] = []

    def paid_within(self, spans: Sequence[ConfigSpan]) -> list[PaidSpan]:
        self.spans += spans
        return super().paid_within(spans)


def test_an_added_version_that_comes_too_late_is_warned_of_with_the_periods_it_would_have_changed() -> None:
    changes = compare(configs(version("paid"), version("paid", "2026-11-16", amount=11)), Stored(version("paid")))
    [warning] = changes.warnings
    assert str(warning) == (
        "parks/x.yaml:2: park paid effective_from: version 2026-11-16 takes effect at or before the start of periods "
        "that this park has been paid for already (2026-11-16 to 2026-11-23, 2 of them): what was paid stays; "
        "`config diff --money` shows the difference"
    )


def test_a_warned_version_is_applied_all_the_same() -> None:
    store = Stored(version("paid"))
    changes = apply(configs(version("paid"), version("paid", "2026-11-16", amount=11)), store, "ann")
    assert len(changes.warnings) == 1
    assert store.actors == ["ann"]


def test_what_stands_already_is_not_asked_about() -> None:
    store = Asked(version("paid"))
    assert compare(configs(version("paid")), store).warnings == ()
    assert store.spans == []


def test_a_version_reaches_until_the_next_one_of_its_park_whichever_side_that_comes_from() -> None:
    store = Asked(version("p", "2026-11-30"), version("p", "2026-11-02"))
    compare(configs(version("p", "2026-11-16", amount=11), version("q", "2026-11-16")), store)
    assert store.spans == [
        ConfigSpan("p", midnight("2026-11-16"), midnight("2026-11-30")),
        ConfigSpan("q", midnight("2026-11-16"), None),
    ]


def test_a_changed_version_is_asked_about_too() -> None:
    store = Asked(version("p"))
    compare(configs(version("p", amount=11)), store)
    assert store.spans == [ConfigSpan("p", midnight("2026-11-02"), None)]


def test_a_version_without_a_cadence_takes_effect_in_the_zone_of_the_one_before_it() -> None:
    store = Asked(version("p"))
    compare(configs(version("p"), version("p", "2026-11-16", cadence="", enabled=False)), store)
    assert store.spans == [ConfigSpan("p", midnight("2026-11-16"), None)]
