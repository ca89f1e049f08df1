"""Registers with Airflow what signalq-billing brings: the timetable of payment periods, their deadlines, and
the Payouts page."""

from airflow.plugins_manager import AirflowPlugin

from signalq_billing.orchestration.deadlines import PeriodEnd
from signalq_billing.orchestration.page import PayoutsPage
from signalq_billing.orchestration.page_address import PREFIX, ROUTE, page_root
from signalq_billing.orchestration.page_link import PayoutsLink
from signalq_billing.orchestration.timetable import PeriodTimetable

# Airflow reads the attributes as they are.
# ruff: noqa: RUF012


class SignalqBillingPlugin(AirflowPlugin):
    """Registration only; what is registered lives in signalq_billing."""

    name = "signalq_billing"
    timetables = [PeriodTimetable]
    deadline_references = [PeriodEnd]
    fastapi_apps = [{"app": PayoutsPage(), "url_prefix": PREFIX, "name": "Payouts"}]
    external_views = [
        {
            "name": "Payouts",
            "href": f"{page_root()}/",  # the slash at its end counts
            "destination": "nav",
            "url_route": ROUTE,
            "category": "browse",
        }
    ]
    global_operator_extra_links = [PayoutsLink()]
