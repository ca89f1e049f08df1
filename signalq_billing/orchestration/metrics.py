"""Metrics through Airflow's own stats (StatsD, DogStatsD or OpenTelemetry), for tasks and for the command line.

Whether any are configured is found out without Airflow, whose import takes seconds. No metric is worth a payout: what
goes wrong here is logged once and forgotten.
"""

from __future__ import annotations

import configparser
import datetime as dt
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signalq_billing.domain.metric import PREFIX
from signalq_billing.orchestration.own_logging import own_logging

if TYPE_CHECKING:
    from types import ModuleType

log = logging.getLogger(__name__)

_SWITCHES = ("statsd_on", "statsd_datadog_enabled", "otel_on")
_YES = {"t", "true", "1"}  # what Airflow reads as true
_UNFIT = re.compile(r"[^A-Za-z0-9_./-]")  # Airflow drops a whole metric for one of these in a tag's value
_LONGEST_TAG = 60
# What a receiver that is down may cost a command at its end. Payouts are paid by then.
_OTEL_TIMEOUT = {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "2", "OTEL_EXPORTER_OTLP_TIMEOUT": "2"}


def configured(environ: Mapping[str, str]) -> bool:
    """Whether Airflow's `[metrics]` sends anything: by AIRFLOW__METRICS__* or, without these, by airflow.cfg."""
    file = _airflow_cfg(environ)
    return any(
        environ.get(f"AIRFLOW__METRICS__{switch.upper()}", file.get(switch, "")).strip().lower() in _YES
        for switch in _SWITCHES
    )


def _airflow_cfg(environ: Mapping[str, str]) -> Mapping[str, str]:
    home = Path(environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(environ.get("AIRFLOW_CONFIG") or home / "airflow.cfg", encoding="utf-8")
        return dict(parser["metrics"]) if parser.has_section("metrics") else {}
    except (configparser.Error, OSError, UnicodeDecodeError):
        return {}  # Airflow itself tells about a file that cannot be read


class AirflowMetrics:
    """The Metrics port on Airflow's stats, every name under `signalq_billing.`."""

    def count(self, name: str, value: int = 1, **tags: str) -> None:
        _send(lambda stats: stats.incr(_full(name), value, tags=_fit(tags)))

    def gauge(self, name: str, value: float, **tags: str) -> None:
        _send(lambda stats: stats.gauge(_full(name), value, tags=_fit(tags)))

    @contextmanager
    def timer(self, name: str, **tags: str) -> Iterator[None]:
        """Times what goes through; what fails tells nothing about how long it takes."""
        begun = time.monotonic()
        yield
        took = dt.timedelta(seconds=time.monotonic() - begun)
        _send(lambda stats: stats.timing(_full(name), took, tags=_fit(tags)))


class CommandMetrics(AirflowMetrics):
    """The same outside of Airflow's processes, which set their stats up themselves. Takes seconds to make."""

    def __init__(self) -> None:
        for name, seconds in _OTEL_TIMEOUT.items():
            os.environ.setdefault(name, seconds)
        _quietly(_set_up)


def _set_up() -> None:
    """Airflow flushes OpenTelemetry at exit by itself; StatsD leaves at once."""
    if not logging.getLogger().isEnabledFor(logging.INFO):  # without --verbose a receiver that is down is no news
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    with own_logging():
        from airflow.sdk.configuration import conf
        from airflow.sdk.observability import stats
        from airflow.sdk.observability.metrics import stats_utils

    if not is_initialized():  # its serializers measure themselves while they are imported
        legacy = conf.getboolean("metrics", "legacy_names_on")
        stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=legacy)


def is_initialized() -> bool:
    """Whether Airflow's stats know where to send. There is no public way to ask, and initializing twice would leave
    what was measured before in a second exporter."""
    from airflow.sdk._shared.observability.metrics import stats

    return getattr(stats, "_factory", None) is not None


def _full(name: str) -> str:
    return f"{PREFIX}.{name}"


def _fit(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: _UNFIT.sub("_", value)[:_LONGEST_TAG] for key, value in tags.items()}


def _send(metric: Callable[[ModuleType], Any]) -> None:
    def send() -> None:
        from airflow.sdk.observability import stats

        metric(stats)

    _quietly(send)


_told: set[str] = set()


def _quietly(attempt: Callable[[], None]) -> None:
    try:
        attempt()
    except Exception as error:  # whatever a metrics client may think of
        if (told := f"{type(error).__name__}: {error}") not in _told:
            _told.add(told)
            log.warning("metrics are not sent: %s", told)
