"""Links from outside to the page stand on what Airflow says its own address is."""

import datetime as dt

import pytest

from signalq_billing.orchestration.page_address import page_root, period_address, run_address


def test_a_link_to_a_period_opens_inside_airflows_ui(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/")
    wanted = "https://airflow.example/plugin/signalq/signalq/period?cadence=weekly+msk%2F1&period=2026-11-16"
    assert period_address("weekly msk/1", dt.date(2026, 11, 16)) == wanted


def test_an_airflow_under_a_path_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://example.com/air/flow")
    assert page_root() == "/air/flow/signalq"
    assert period_address("c", dt.date(2026, 11, 16)).startswith(
        "https://example.com/air/flow/plugin/signalq/air/flow/signalq/period?"
    )


def test_a_run_is_named_in_its_address_whatever_its_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example")
    assert run_address("d", "manual__2026-11-23T00:00:00+00:00").endswith(
        "/dags/d/runs/manual__2026-11-23T00%3A00%3A00%2B00%3A00"
    )
