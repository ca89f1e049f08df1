"""Told once, again after the pause or when it got worse, and once that it is over: whatever clocks and parks do."""

import datetime as dt
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from signalq_billing.domain.alert import AlertKind
from signalq_billing.domain.telling import Occasion, Patience, Told, got_worse, is_over, occasion
from tests.unit.domain.alerts import NOON, alert

PATIENCE = Patience()
SECOND = dt.timedelta(seconds=1)


def told(at: dt.datetime | None = NOON, **changes: object) -> Told:
    return replace(Told(alert(), told_at=at, members=frozenset({"park-1", "park-2"})), **changes)  # type: ignore[arg-type]


def test_what_was_never_told_is_new() -> None:
    assert occasion(Told(alert()), alert(), NOON, PATIENCE) is Occasion.NEW


def test_what_was_told_is_told_again_only_after_the_pause() -> None:
    after = NOON + PATIENCE.pause
    assert occasion(told(), alert(), after - SECOND, PATIENCE) is None
    assert occasion(told(), alert(), after, PATIENCE) is Occasion.STILL


def test_what_is_done_is_never_told_again() -> None:
    once = alert(once=True)
    assert occasion(told(), once, NOON + 10 * PATIENCE.pause, PATIENCE) is None
    assert occasion(told(), replace(once, level=1), NOON, PATIENCE) is Occasion.WORSE


def test_as_many_new_ones_as_were_told_make_it_worse_and_fewer_do_not() -> None:
    known = told()
    assert not got_worse(known, alert(members=frozenset({"park-1", "park-2", "park-3"})))
    assert got_worse(known, alert(members=frozenset({"park-3", "park-4"})))
    assert not got_worse(known, alert(members=frozenset()))


def test_somebody_who_is_telling_is_waited_for_and_not_for_ever() -> None:
    telling = Told(alert(), claimed_until=NOON + PATIENCE.lease)
    assert occasion(telling, alert(), NOON, PATIENCE) is None
    assert occasion(telling, alert(), NOON + PATIENCE.lease, PATIENCE) is Occasion.NEW


def test_a_clock_that_was_set_back_silences_nobody() -> None:
    year = dt.timedelta(days=365)
    assert occasion(told(NOON + year), alert(), NOON, PATIENCE) is Occasion.STILL
    assert occasion(Told(alert(), claimed_until=NOON + year), alert(), NOON, PATIENCE) is Occasion.NEW
    flapping = told(alert=alert(AlertKind.DEPENDENCY_DOWN), gone_at=NOON + year)
    assert is_over(flapping, NOON, PATIENCE)


def test_what_comes_and_goes_is_over_only_after_it_stayed_away() -> None:
    held, down = told(gone_at=NOON), told(alert=alert(AlertKind.DEPENDENCY_DOWN), gone_at=NOON)
    assert is_over(held, NOON, PATIENCE)
    assert not is_over(down, NOON + PATIENCE.grace - SECOND, PATIENCE)
    assert is_over(down, NOON + PATIENCE.grace, PATIENCE)
    assert not is_over(told(), NOON, PATIENCE)


def tellings(looks: list[tuple[dt.datetime, frozenset[str]]]) -> list[dt.datetime]:
    """When a situation is told that is seen at these instants with these members."""
    state, times = Told(alert()), []
    for now, members in looks:
        seen = alert(members=members)
        if occasion(state, seen, now, PATIENCE):
            times.append(now)
            state = Told(seen, told_at=now, members=state.members | members)
    return times


members = st.frozensets(st.integers(0, 60).map(str), max_size=60)


@given(st.lists(members, min_size=1, max_size=80))
@settings(deadline=None)
def test_within_a_pause_the_number_of_messages_is_small_however_parks_come_and_go(looks: list[frozenset[str]]) -> None:
    step = PATIENCE.pause / (len(looks) + 1)
    everybody = frozenset().union(*looks)
    told_times = tellings([(NOON + number * step, each) for number, each in enumerate(looks)])
    assert 1 <= len(told_times) <= 2 + len(everybody).bit_length()


@given(st.lists(st.tuples(st.integers(-(10**8), 10**8), members), min_size=1, max_size=40))
@settings(deadline=None)
def test_whatever_the_clock_does_nobody_is_left_untold_for_longer_than_the_pause(
    jumps: list[tuple[int, frozenset[str]]],
) -> None:
    now, looks = NOON, []
    for seconds, each in jumps:
        now += dt.timedelta(seconds=seconds)
        looks.append((now, each))
    times = tellings(looks)
    assert times[0] == looks[0][0]
    last = times[0]
    for at, _ in looks:
        last = at if at in times else last
        assert dt.timedelta(0) <= at - last < PATIENCE.pause
