"""Registers with Airflow what signalq-billing brings: the timetable of payment periods."""

from airflow.plugins_manager import AirflowPlugin

from signalq_billing.orchestration.timetable import PeriodTimetable


class SignalqBillingPlugin(AirflowPlugin):
    """Registration only; what is registered lives in signalq_billing."""

    name = "signalq_billing"
    timetables = [PeriodTimetable]  # noqa: RUF012 - Airflow reads the attribute as it is
