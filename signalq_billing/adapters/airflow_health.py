"""Whether Airflow works, asked from outside as a monitor asks: its API server, and how it says its parts are."""

import requests

from signalq_billing.errors import DependenciesUnavailable

_PATH = "/api/v2/monitor/health"


def check_airflow(url: str, timeout_seconds: float) -> None:
    """Returns if Airflow answers and every part of it is healthy. Raises DependenciesUnavailable that names those that
    are not."""
    try:
        answer = requests.get(url.rstrip("/") + _PATH, timeout=timeout_seconds)
        parts = answer.json() if answer.ok else None
    except (requests.RequestException, ValueError) as error:
        raise DependenciesUnavailable(f"its API server at {url} does not answer: {type(error).__name__}") from None
    if not isinstance(parts, dict):
        raise DependenciesUnavailable(f"its API server at {url} answers HTTP {answer.status_code}")
    sick = [
        f"{name.replace('_', '-')} is {part.get('status')}"
        for name, part in sorted(parts.items())
        if isinstance(part, dict) and part.get("status") not in ("healthy", None)
    ]
    if sick:
        raise DependenciesUnavailable(f"{', '.join(sick)}, says its API server at {url}")
