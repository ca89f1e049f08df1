"""Whether each program of the stack really answers: None if it does, else why not (yet)."""

from pathlib import Path

import psycopg
import requests

from signalq_billing.devstack import airflow_settings, postgres
from signalq_billing.devstack.local_ports import HOST
from signalq_billing.devstack.memory import Memory

_SECONDS = 3.0


def session() -> requests.Session:
    """HTTP that ignores proxies: everything here is on this machine."""
    made = requests.Session()
    made.trust_env = False
    return made


def of_postgres(data: Path) -> str | None:
    server = postgres.find(data)
    if server is None:
        return "no server has written its pid file"
    try:
        psycopg.connect(server.url(), connect_timeout=3).close()
    except psycopg.Error as error:
        return str(error).strip()
    return None


def of_ytsaurus(memory: Memory) -> str | None:
    """Answers a command that needs the token, as the client sends it."""
    headers = {
        "Authorization": f"OAuth {memory.secret('ytsaurus')}",
        "X-YT-Header-Format": "<format=text>yson",
        "X-YT-Parameters": '{path="/";output_format=json}',
    }
    return _http(f"http://{HOST}:{memory.port('ytsaurus')}/api/v4/exists", headers)


def of_billing_orders(memory: Memory) -> str | None:
    token = {"Authorization": f"Bearer {memory.secret('billing-orders')}"}
    return _http(f"http://{HOST}:{memory.port('billing-orders')}/ping", token)


def _http(url: str, headers: dict[str, str]) -> str | None:
    try:
        with session() as http:
            answer = http.get(url, headers=headers, timeout=_SECONDS)
    except requests.RequestException as error:
        return _short(error)
    return None if answer.ok else f"HTTP {answer.status_code} from {url}: {answer.text[:200]}"


def of_airflow(memory: Memory) -> str | None:
    """All four components, by Airflow's own account, of the Airflow that takes our password."""
    base = airflow_settings.api_url(memory)
    login = {"username": airflow_settings.LOGIN, "password": memory.secret("airflow")}
    try:
        with session() as http:
            parts = http.get(f"{base}/api/v2/monitor/health", timeout=_SECONDS).json()
            ill = [name for name, part in parts.items() if isinstance(part, dict) and part["status"] != "healthy"]
            if not ill and http.post(f"{base}/auth/token", json=login, timeout=_SECONDS).status_code != 201:
                return f"what answers at {base} does not take our login"
    except (requests.RequestException, ValueError, LookupError) as error:
        return _short(error)
    return f"not healthy yet: {', '.join(ill)}" if ill else None


def _short(error: Exception) -> str:
    return "it does not listen yet" if "Connection refused" in str(error) else f"{type(error).__name__}: {error}"
