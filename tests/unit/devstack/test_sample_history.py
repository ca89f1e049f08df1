import datetime as dt
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from signalq_billing.devstack.sample import history
from signalq_billing.devstack.sample.life import StatusEvent

UNTIL = dt.datetime(2026, 11, 23, 7, 50, tzinfo=dt.UTC)
NEWEST = int(UNTIL.timestamp()) * 1_000_000
RECENT_CLOCKS = 10**15


@pytest.fixture(scope="module")
def rows() -> list[StatusEvent]:
    return history.rows(UNTIL)


def good(rows: list[StatusEvent]) -> list[StatusEvent]:
    return [row for row in rows if not row.event_id.startswith("bad/")]


def test_five_weeks_of_a_fleet_are_some_hundred_thousand_rows(rows: list[StatusEvent]) -> None:
    assert 400_000 < len(rows) < 900_000
    oldest = min(row.status_at for row in good(rows) if row.status_at)
    assert dt.timedelta(days=35) <= UNTIL - dt.datetime.fromtimestamp(oldest / 1e6, dt.UTC) <= dt.timedelta(days=37)


def test_the_newest_row_is_from_now_and_none_is_later(rows: list[StatusEvent]) -> None:
    assert max(row.status_at or 0 for row in good(rows)) == NEWEST


def test_the_same_days_have_the_same_rows_whenever_they_are_made() -> None:
    """Only what happened since is added; what drops out at the far end is older than any period."""
    earlier = history.rows(UNTIL, weeks=1)
    later = history.rows(UNTIL + dt.timedelta(days=1, hours=3), weeks=1)
    middle = NEWEST - 4 * 86_400 * 1_000_000
    then = Counter(row for row in earlier if row.arrives_at > middle)
    now = Counter(row for row in later if row.arrives_at > middle)
    assert len(then) > 20_000
    assert not then - now
    added = now - then
    assert all((row.status_at or NEWEST + 1) > NEWEST or row.event_id.startswith("bad/") for row in added)


def test_asking_for_an_earlier_beginning_adds_that_park_alone() -> None:
    since = UNTIL.date() - dt.timedelta(days=15)
    more = Counter(history.rows(UNTIL, {"ekb-visokusha": since}, weeks=1)) - Counter(history.rows(UNTIL, weeks=1))
    assert {row.park_id for row in more} == {"ekb-visokusha"}
    assert min(row.status_at or 0 for row in more) // 86_400_000_000 <= since.toordinal() - 719_163 + 1


def test_bad_rows_of_every_kind_are_well_below_the_limit(rows: list[StatusEvent]) -> None:
    bad = [row for row in rows if row.event_id.startswith("bad/")]
    assert 0 < len(bad) / len(rows) < 0.0005
    assert {row.park_id for row in bad} >= {None, ""}
    assert {row.device_id for row in bad} >= {None, ""}
    assert {row.status for row in bad} >= {None, ""}
    assert None in {row.status_at for row in bad}
    clocks = [row.status_at for row in bad if row.status_at is not None]
    assert min(clocks) < RECENT_CLOCKS
    assert max(clocks) > NEWEST + 3600 * 1_000_000


def test_no_other_row_is_bad(rows: list[StatusEvent]) -> None:
    assert all(row.park_id and row.device_id and row.status for row in good(rows))
    assert all(row.status_at and RECENT_CLOCKS < row.status_at <= NEWEST for row in good(rows))


def test_rows_are_repeated_and_out_of_order(rows: list[StatusEvent]) -> None:
    assert len({row[:5] for row in rows}) < len(rows)
    by_camera: dict[str | None, list[int]] = defaultdict(list)
    for row in good(rows):
        by_camera[row.device_id].append(row.status_at or 0)
    assert sum(times != sorted(times) for times in by_camera.values()) > 100


def test_cameras_flap_move_and_fall_silent(rows: list[StatusEvent]) -> None:
    parks: dict[str | None, set[str | None]] = defaultdict(set)
    days: dict[str | None, set[int]] = defaultdict(set)
    instants: Counter[tuple[str | None, int | None]] = Counter()
    for row in set(good(rows)):
        parks[row.device_id].add(row.park_id)
        days[row.device_id].add((row.status_at or 0) // 86_400_000_000)
        instants[row.device_id, row.status_at] += 1
    assert sum(len(each) > 1 for each in parks.values()) > 20
    assert sum(_longest_gap(sorted(each)) > 8 for each in days.values()) > 20
    assert max(instants.values()) > 1


def _longest_gap(days: list[int]) -> int:
    return max((after - before for before, after in pairwise(days)), default=99)


def test_one_park_never_works(rows: list[StatusEvent]) -> None:
    statuses = {row.status for row in rows if row.park_id == "ekb-sortirovka"}
    assert statuses == {"fault", "offline"}
