"""Who is looking at the Payouts page, by Airflow's own login and roles: Airflow authenticates nobody for a plugin.

To look takes Airflow's website, and the right to read the DAG of the cadence looked at, or else `signalq_reconcile`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool

from signalq_billing.orchestration.page_address import base_url
from signalq_billing.web.access import payouts_dag
from signalq_billing.web.acting import RECONCILE_DAG

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser


@dataclass(frozen=True, slots=True)
class AirflowAccess:
    """A person whom Airflow knows and lets look, for one request."""

    request: Request
    user: BaseUser

    @property
    def name(self) -> str:
        return self.user.get_name()

    def may_act_on(self, dag_id: str) -> bool:
        """Whether Airflow lets this person edit the DAG."""
        return _may(self.request, self.user, "PUT", dag_id)


async def airflow_access(request: Request) -> AirflowAccess:
    """The person of this request. Raises HTTPException: for nobody 401, or a way to Airflow's login where a browser
    asks for a page; 403 for one who may not look. Being known is not enough, for some logins know everybody."""
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user

    try:
        user = await get_user(request, None, await bearer_scheme(request))
    except HTTPException as nobody:
        raise _to_login(request) or nobody from None
    await run_in_threadpool(_must_look, request, user)
    return AirflowAccess(request, user)


def _must_look(request: Request, user: BaseUser) -> None:
    """Every cadence that the address names counts, so that none can be slipped in beside another."""
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view

    requires_access_view(AccessView.WEBSITE)(request, user)
    named = [payouts_dag(cadence) for cadence in request.query_params.getlist("cadence")]
    for dag_id in named or [RECONCILE_DAG]:
        if not _may(request, user, "GET", dag_id):
            raise HTTPException(403, f"{user.get_name()} may not see this page: it takes the right to read {dag_id}")


def _may(request: Request, user: BaseUser, method: ResourceMethod, dag_id: str) -> bool:
    from airflow.api_fastapi.core_api.security import requires_access_dag

    try:
        requires_access_dag(method, param_dag_id=dag_id)(request, user)
    except HTTPException as refused:
        if refused.status_code == 403:
            return False
        raise
    return True


def _to_login(request: Request) -> HTTPException | None:
    """A redirect to Airflow's login and back here, for a browser that asks for a page or for a piece of one."""
    from airflow.api_fastapi.app import get_auth_manager

    if request.method != "GET" or "text/html" not in request.headers.get("accept", "") + _htmx(request):
        return None
    wanted = request.headers.get("hx-current-url") or f"{request.url.path}?{request.url.query}".rstrip("?")
    outside = urlsplit(base_url())
    back = wanted if "://" in wanted else f"{outside.scheme}://{outside.netloc}{wanted}"
    login = get_auth_manager().get_url_login(next_url=back)
    if _htmx(request):
        return HTTPException(401, "logged out", headers={"HX-Redirect": login})
    return HTTPException(303, "logged out", headers={"Location": login})


def _htmx(request: Request) -> str:
    return "text/html" if "hx-request" in request.headers else ""
