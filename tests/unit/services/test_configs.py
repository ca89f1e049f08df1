"""Checking, applying and showing park configs against what stands."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from signalq_billing.domain.activity import ActivityRules
from signalq_billing.domain.charge import Flat, Standard
from signalq_billing.domain.config import Charge, Limits, ParkConfig, PayTerms, Scope
from signalq_billing.domain.config_rules import Place, PlacedVersion
from signalq_billing.domain.configs import Configs
from signalq_billing.domain.guards import Guards
from signalq_billing.domain.paid import ConfigSpan, PaidSpan
from signalq_billing.domain.period import Cadence, Every
from signalq_billing.domain.record import AppliedVersion, SupersededVersion
from signalq_billing.domain.source import Source
from signalq_billing.errors import ConfigInvalid, ConfigProblem, UsageError
from signalq_billing.services.configs import apply, check, show

WEEKLY = Cadence("weekly", Every.WEEK, 1, dt.date(2026, 1, 5), "Europe/Moscow")
NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
PAID_WEEKS = dt.date(2026, 11, 16), dt.date(2026, 11, 23)
MONTHLY = Cadence("monthly", Every.MONTH, 1, dt.date(2026, 1, 1), "Europe/Moscow")


def version(
    park_id: str = "p",
    date: str = "2026-11-02",
    cadence: str = "weekly",
    amount: int = 10,
    park_max: int | None = None,
    enabled: bool = True,
) -> ParkConfig:
    terms = PayTerms(
        currency="RUB",
        activity=ActivityRules(("online",)),
        charge=Charge(Standard(Decimal(amount)), "active_day", Scope.DEVICE),
        limits=Limits(park_max=None if park_max is None else Decimal(park_max)),
    )
    return ParkConfig(park_id, dt.date.fromisoformat(date), cadence, terms if enabled else None)


def configs(*versions: ParkConfig, warnings: tuple[ConfigProblem, ...] = ()) -> Configs:
    """A directory with these versions, the first on line 1 of its file, the second on line 2 and so on."""
    placed = {
        (each.park_id, each.effective_from): PlacedVersion(
            each.park_id, each.effective_from, each.cadence, Place("parks/x.yaml", line), Place("parks/x.yaml", line)
        )
        for line, each in enumerate(versions, 1)
    }
    cadences = {"weekly": WEEKLY, "monthly": MONTHLY}
    return Configs(cadences, Source("//t", "//r"), Guards(), warnings, versions, placed)


class Stored:
    """A ConfigStore in memory: what stands, what was paid with, and who applied last."""

    def __init__(self, *versions: ParkConfig, paid: Sequence[ParkConfig] = ()) -> None:
        self.standing = {(each.park_id, each.effective_from): each for each in versions}
        self.paid = {(each.park_id, each.effective_from) for each in paid}
        self.actors: list[str] = []

    def current(self, park_ids: Sequence[str] | None = None) -> list[ParkConfig]:
        wanted = [each for each in self.standing.values() if park_ids is None or each.park_id in park_ids]
        return sorted(wanted, key=lambda each: (each.park_id.encode(), each.effective_from))

    def paid_versions(self) -> set[tuple[str, dt.date]]:
        return self.paid

    def applied(self, park_ids: Sequence[str] | None = None) -> list[AppliedVersion]:
        return [AppliedVersion(each, NOW, "cli anna") for each in self.current(park_ids)]

    def superseded(self, park_id: str) -> list[SupersededVersion]:
        return []

    def paid_within(self, spans: Sequence[ConfigSpan]) -> list[PaidSpan]:
        """Two paid weeks from 2026-11-16 for park `paid`, none for others."""
        return [PaidSpan(span, *PAID_WEEKS, 2) for span in spans if span.park_id == "paid" and span.begins < NOW]

    def apply(self, configs: Sequence[ParkConfig], actor: str) -> Mapping[str, int]:
        self.standing |= {(each.park_id, each.effective_from): each for each in configs}
        self.actors.append(actor)
        return {}


def told(invalid: pytest.ExceptionInfo[ConfigInvalid]) -> list[str]:
    return [str(problem) for problem in invalid.value.problems]


def test_changes_are_told_apart() -> None:
    same, old, gone, new = version("a"), version("b"), version("c"), version("d")
    changed = version("b", amount=11)
    changes = check(configs(same, changed, new), [same, old, gone])
    assert (changes.added, changes.changed, changes.unchanged, changes.kept) == ((new,), (changed,), (same,), (gone,))


def test_the_way_a_number_is_written_changes_nothing() -> None:
    written = dataclasses.replace(version(), terms=dataclasses.replace(version().terms, currency="RUB"))  # type: ignore[arg-type]
    assert written.terms is not None
    charge = Charge(Standard(Decimal("10.00")), "active_day", Scope.DEVICE)
    written = dataclasses.replace(written, terms=dataclasses.replace(written.terms, charge=charge))
    assert check(configs(written), [version()], {("p", dt.date(2026, 11, 2))}).unchanged == (written,)


def test_warnings_of_the_directory_are_passed_on() -> None:
    warning = ConfigProblem("f", 1, "p", "x", "has no effect")
    assert check(configs(version(), warnings=(warning,)), []).warnings == (warning,)


def test_a_version_that_has_been_paid_with_never_changes() -> None:
    paid = {("p", dt.date(2026, 11, 2)), ("q", dt.date(2026, 11, 2))}
    changed = version(amount=11, park_max=5), version("q", enabled=False), version("r", amount=11)
    with pytest.raises(ConfigInvalid) as invalid:
        check(configs(*changed), [version(), version("q"), version("r")], paid)
    assert told(invalid) == [
        "parks/x.yaml:1: park p effective_from: version 2026-11-02 has been paid with and cannot change "
        "(charge.unit_amount, limits.park_max); put it back as it was and write a new version with a later "
        "effective_from",
        "parks/x.yaml:2: park q effective_from: version 2026-11-02 has been paid with and cannot change (enabled); "
        "put it back as it was and write a new version with a later effective_from",
    ]


def test_a_paid_version_whose_charge_model_changes_is_told_by_that_alone() -> None:
    assert version().terms is not None
    flat = dataclasses.replace(version().terms, charge=Charge(Flat(Decimal(5)), None, Scope.DEVICE))  # type: ignore[type-var]
    with pytest.raises(ConfigInvalid, match=r"cannot change \(charge\.model\);"):
        check(configs(dataclasses.replace(version(), terms=flat)), [version()], {("p", dt.date(2026, 11, 2))})


def test_the_timeline_is_that_of_stored_and_new_versions_together() -> None:
    with pytest.raises(ConfigInvalid) as invalid:
        check(configs(version(date="2026-11-18", cadence="monthly")), [version()])
    [only] = told(invalid)
    assert only.startswith("parks/x.yaml:1: park p effective_from: the cadence cannot change from weekly to monthly")


def test_a_stored_version_after_a_new_one_is_told_as_stored() -> None:
    later = version(date="2027-02-08", cadence="weekly")
    with pytest.raises(ConfigInvalid) as invalid:
        check(configs(version(date="2027-01-01", cadence="monthly")), [later])
    [only] = told(invalid)
    assert only.startswith("stored in the database: park p effective_from: the cadence cannot change from monthly to")


def test_a_changed_version_takes_the_place_of_the_stored_one_on_the_timeline() -> None:
    stored = [version(date="2026-11-02"), version(date="2026-11-18", cadence="weekly")]
    fixed = version(date="2026-11-02", cadence="monthly"), version(date="2026-11-18", cadence="monthly")
    assert len(check(configs(*fixed), stored).changed) == 2


def test_a_stored_park_whose_cadence_is_gone_is_told_and_stops_nobody() -> None:
    changes = check(configs(version(park_id="q")), [version(cadence="hourly")])
    (warning,) = changes.warnings
    assert str(warning).startswith("applied: park p cadence: is applied, but cadences.yaml has no 'hourly'")
    assert [config.park_id for config in changes.added] == ["q"]


def test_a_stored_version_of_a_park_at_hand_whose_cadence_is_gone_is_a_problem() -> None:
    with pytest.raises(ConfigInvalid, match=r"stored in the database: park p cadence: version 2026-11-02 needs it"):
        check(configs(version(date="2026-11-16")), [version(date="2026-11-02", cadence="hourly")])


def test_applying_stores_all_in_the_name_of_the_actor() -> None:
    store = Stored(version("a"))
    changes = apply(configs(version("a"), version("b")), store, "cli anna")
    assert [each.park_id for each in changes.added] == ["b"]
    assert [each.park_id for each in store.current()] == ["a", "b"]
    assert store.actors == ["cli anna"]


def test_applying_again_changes_nothing_and_leaves_no_trace() -> None:
    store = Stored()
    apply(configs(version()), store, "first")
    again = apply(configs(version()), store, "second")
    assert (again.added, again.changed, len(again.unchanged)) == ((), (), 1)
    assert store.actors == ["first"]


def test_versions_that_the_directory_no_longer_has_are_kept() -> None:
    store = Stored(version("gone"))
    assert apply(configs(version("new")), store, "me").kept == (version("gone"),)
    assert [each.park_id for each in store.current()] == ["gone", "new"]


def test_nothing_is_stored_where_there_is_a_problem() -> None:
    store = Stored(version(), paid=[version()])
    with pytest.raises(ConfigInvalid):
        apply(configs(version("new"), version(amount=11)), store, "me")
    assert store.current() == [version()]


def test_the_version_in_force_is_the_last_that_has_begun() -> None:
    first, second = version(date="2026-11-02"), version(date="2026-12-07", amount=11)
    store = Stored(first, second, version("other"), paid=[first, version("other", "2026-12-07")])
    shown = show(store, "p", dt.date(2026, 12, 6))
    assert shown.in_force == AppliedVersion(first, NOW, "cli anna")
    assert [each.config for each in shown.versions] == [first, second]
    assert (shown.paid, shown.superseded) == ({dt.date(2026, 11, 2)}, None)
    assert show(store, "p", dt.date(2026, 12, 7)).in_force == AppliedVersion(second, NOW, "cli anna")
    assert show(store, "p", dt.date(2026, 11, 1)).in_force is None


def test_a_park_that_nobody_knows_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(UsageError, match=r"park 'park-7f3' has no config applied; did you mean 'park-7f3a'\?"):
        show(Stored(version("park-7f3a")), "park-7f3", dt.date(2026, 11, 2))


def warned(stored: list[ParkConfig], *wanted: ParkConfig) -> list[tuple[str, str]]:
    return [(each.park_id, each.message) for each in check(configs(*wanted), stored).warnings]


def test_a_version_that_begins_inside_a_period_is_warned_of_with_the_period_it_counts_from() -> None:
    message = (
        "2026-12-02 lies inside a period of weekly, which starts on 2026-11-30: "
        "it counts from the period that starts on 2026-12-07 on"
    )
    assert warned([], version(), version("p", "2026-12-02")) == [("p", message)]
    stops = version("q", "2026-12-02", cadence="", enabled=False)
    assert warned([version("q")], stops) == [("q", message)]


def test_a_version_that_the_next_one_overtakes_before_a_period_begins_is_warned_of_as_that() -> None:
    [(_, message)] = warned([version("p", "2026-12-07")], version("p", "2026-12-02"))
    assert message.endswith("no period is paid by it, for the next version takes effect on 2026-12-07")


def test_what_is_applied_already_or_starts_before_the_first_period_is_not_warned_of() -> None:
    assert warned([version("p", "2026-12-02")], version("p", "2026-12-02"), version("q", "2026-01-01")) == []
