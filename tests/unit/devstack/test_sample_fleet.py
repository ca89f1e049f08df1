import datetime as dt

from signalq_billing.adapters.config_files import load
from signalq_billing.devstack.sample import fleet
from signalq_billing.devstack.sample.configs import DIRECTORY
from signalq_billing.domain.config import OrderPer, Rounding


def test_there_are_forty_parks_with_fifteen_hundred_cameras() -> None:
    assert len(fleet.PARKS) == 40
    assert len({camera.device_id for camera in fleet.cameras()}) == 1500


def test_every_park_has_a_config_and_the_other_way_round() -> None:
    configs = load(DIRECTORY)
    assert {each.park_id for each in configs.park_configs} == {park.park_id for park in fleet.PARKS}
    assert configs.warnings == ()


def test_the_configs_show_all_there_is() -> None:
    configs = load(DIRECTORY)
    terms = [each.terms for each in configs.park_configs if each.terms]
    assert {type(each.charge.model).__name__.lower() for each in terms} == {
        "standard",
        "package",
        "graduated",
        "volume",
        "flat",
    }
    assert {each.currency for each in terms} == {"RUB", "KZT"}
    assert Rounding.HALF_UP in {each.rounding for each in terms}
    assert OrderPer.DEVICE in {each.order_per for each in terms}
    assert any(each.limits.park_min for each in terms)
    assert any(each.activity.max_silence_seconds is None for each in terms)
    assert {each.timezone for each in configs.cadences.values()} == {"Europe/Moscow", "Asia/Yekaterinburg"}
    assert {each.every.value for each in configs.cadences.values()} == {"day", "week", "month"}


def test_some_cameras_change_parks_and_most_do_not() -> None:
    days = [dt.date(2026, 11, 1) + dt.timedelta(days=number) for number in range(28)]
    moving = [camera for camera in fleet.cameras() if len({camera.park_on(day).park_id for day in days}) > 1]
    assert 20 <= len(moving) <= 80
