"""Who tells: of many that look at once, on the real database, one; and nothing told is lost or told twice."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from signalq_billing.adapters.postgres.tellings import PostgresTellings
from signalq_billing.adapters.told_file import ToldFile
from signalq_billing.domain.alert import AlertKind
from signalq_billing.domain.telling import Claim, Occasion, Patience
from signalq_billing.ports import Tellings
from tests.unit.domain.alerts import alert

PATIENCE = Patience()
NO_WAIT = Patience(pause=dt.timedelta(0), grace=dt.timedelta(0), lease=dt.timedelta(0))
ALERT = alert(members=frozenset({"п\x00\\"}))


@pytest.fixture(params=["database", "file"])
def tellings(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Tellings:
    if request.param == "file":
        return ToldFile(tmp_path / "a" / "told.json", lambda: dt.datetime.now(dt.UTC))
    return PostgresTellings(engine)


def claimed(claim: Claim | None) -> Claim:
    assert claim is not None
    return claim


def test_of_many_that_claim_at_once_one_tells(tellings: Tellings) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: tellings.claim(ALERT, PATIENCE), range(16)))
    assert [claim.occasion for claim in claims if claim] == [Occasion.NEW]


def test_what_was_told_stays_told_until_it_got_worse(tellings: Tellings) -> None:
    tellings.told(claimed(tellings.claim(ALERT, PATIENCE)))
    assert tellings.claim(ALERT, PATIENCE) is None
    worse = claimed(tellings.claim(alert(members=frozenset({"a", "b"}), level=1), PATIENCE))
    assert worse.occasion is Occasion.WORSE
    assert worse.told_at is not None
    tellings.told(worse)
    (kept,) = tellings.open()
    assert kept.members == {"a", "b", "п\x00\\"}
    assert kept.level == 1


def test_what_could_not_be_told_is_claimed_again_at_once(tellings: Tellings) -> None:
    tellings.give_back(claimed(tellings.claim(ALERT, PATIENCE)))
    assert claimed(tellings.claim(ALERT, PATIENCE)).occasion is Occasion.NEW


def test_who_dies_while_telling_is_followed_by_another_after_the_lease(tellings: Tellings) -> None:
    claimed(tellings.claim(ALERT, NO_WAIT))
    assert claimed(tellings.claim(ALERT, NO_WAIT)).occasion is Occasion.NEW


def test_that_it_is_over_is_told_once_and_then_forgotten(tellings: Tellings) -> None:
    tellings.told(claimed(tellings.claim(ALERT, PATIENCE)))
    with ThreadPoolExecutor(8) as pool:
        overs = [each for each in pool.map(lambda _: tellings.claim_over(ALERT.key, PATIENCE), range(16)) if each]
    assert [over.occasion for over in overs] == [Occasion.OVER]
    tellings.told(overs[0])
    assert tellings.open() == []
    assert tellings.claim_over(ALERT.key, PATIENCE) is None
    assert claimed(tellings.claim(ALERT, PATIENCE)).occasion is Occasion.NEW


def test_what_nobody_was_told_of_is_over_without_a_word(tellings: Tellings) -> None:
    tellings.give_back(claimed(tellings.claim(ALERT, PATIENCE)))
    assert tellings.claim_over(ALERT.key, PATIENCE) is None
    assert tellings.open() == []


def test_what_comes_back_within_its_grace_was_never_over(tellings: Tellings) -> None:
    down = alert(AlertKind.DEPENDENCY_DOWN)
    tellings.told(claimed(tellings.claim(down, PATIENCE)))
    assert tellings.claim_over(down.key, PATIENCE) is None
    assert tellings.claim(down, PATIENCE) is None
    (kept,) = tellings.open()
    assert kept.gone_at is None
    assert claimed(tellings.claim_over(down.key, NO_WAIT)).occasion is Occasion.OVER


def test_a_claim_that_was_taken_over_records_nothing(engine: Engine) -> None:
    tellings = PostgresTellings(engine)
    slow = claimed(tellings.claim(ALERT, NO_WAIT))
    quick = claimed(tellings.claim(ALERT, NO_WAIT))
    tellings.told(slow)
    (kept,) = tellings.open()
    assert kept.told_at is None
    tellings.told(quick)
    (kept,) = tellings.open()
    assert kept.told_at is not None


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("not json"), lambda path: path.write_text('{"a": 1}')])
def test_a_file_that_makes_no_sense_counts_as_empty(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    path = tmp_path / "told.json"
    spoil(path)
    tellings = ToldFile(path, lambda: dt.datetime.now(dt.UTC))
    assert claimed(tellings.claim(ALERT, PATIENCE)).occasion is Occasion.NEW


def test_where_no_file_can_be_written_alerts_are_told_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tellings = ToldFile(tmp_path / "file" / "told.json", lambda: dt.datetime.now(dt.UTC))
    tellings.told(claimed(tellings.claim(ALERT, PATIENCE)))
    assert tellings.open() == []
