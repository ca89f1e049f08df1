"""What `doctor` looks at, one function each: they return what is right in words, or raise what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signalq_billing.errors import ActivityIncomplete, Held, SignalqBillingError, UsageError

if TYPE_CHECKING:
    from signalq_billing.cli.bootstrap import Wiring
    from signalq_billing.domain.period import Period

MOST_SKEW = dt.timedelta(seconds=10)


class WorthALook(Exception):
    """Nothing is wrong yet; if it stays like that, something will be."""


class NotLookedAt(Exception):
    """What there is to look at cannot be seen from here."""


class ClockSkew(SignalqBillingError):
    """This machine's clock and another's differ by more than ten seconds."""


@dataclass(frozen=True, slots=True)
class Check:
    """`needs`: the checks without which this one would only fail, or wait, in the same way again."""

    name: str
    look: Callable[[Wiring], str]
    needs: tuple[str, ...] = ()


def settings(wiring: Wiring) -> str:
    lease, timeout = wiring.settings.lease_seconds, wiring.settings.http_timeout_seconds
    if lease <= timeout:
        raise UsageError(
            f"SIGNALQ_BILLING_LEASE_SECONDS ({lease:g}) must be longer than SIGNALQ_BILLING_HTTP_TIMEOUT_SECONDS "
            f"({timeout:g}): a lease that ends during a call has every call asked about"
        )
    return f"a claim lasts {lease:g} s, a call at most {timeout:g} s"


def config_directory(wiring: Wiring) -> str:
    cadences = ", ".join(sorted(wiring.config.cadences))
    return f"{wiring.settings.config_directory}: cadences {cadences}"


def guards(wiring: Wiring) -> str:
    if wiring.config.guards.kill_switch:
        raise Held("kill_switch is on in guards.yaml: nothing is sent until it is set to false")
    return "the kill switch is off"


def database(wiring: Wiring) -> str:
    from signalq_billing.adapters.postgres.server_clock import server_clock

    wiring.payouts.ping()
    return f"answers, migrations are up to date; {_skew(wiring, 'PostgreSQL', lambda: server_clock(wiring.engine))}"


def park_configs(wiring: Wiring) -> str:
    versions = wiring.configs.current()
    named = {version.cadence for version in versions if version.enabled}
    idle = sorted(set(wiring.config.cadences) - named)
    if idle:
        raise UsageError(f"no park is paid by cadence {', '.join(idle)}: `signalq-billing config apply` stores configs")
    return f"{len({version.park_id for version in versions})} parks, {len(versions)} versions"


def ytsaurus(wiring: Wiring) -> str:
    wiring.activity.ping()
    return f"{wiring.config.source.table} can be read; {_skew(wiring, 'YTsaurus', wiring.cluster.clock)}"


def clique(wiring: Wiring) -> str:
    wiring.cluster.ping_clique(wiring.config.source.clique)
    return f"{wiring.config.source.clique} answers queries"


def watermark(wiring: Wiring) -> str:
    """Raises ActivityIncomplete, with the periods that wait, for a replica that lags more than it may; WorthALook as
    long as no period waits for it."""
    now, source = wiring.clock.now(), wiring.config.source
    reached = wiring.activity.watermark(now)
    waiting = ", ".join(f"{period.cadence} {period.name}" for period in _waiting(wiring, reached, now))
    if reached is None:
        raise ActivityIncomplete(f"{source.table} has no usable row yet; waiting for it: {waiting or 'no period'}")
    lag = now - reached
    told = f"{reached:%Y-%m-%d %H:%M:%S} UTC, {_span(lag)} ago"
    if lag <= source.replica_lag_allowance:
        return f"{told}; waiting for it: {waiting}" if waiting else told
    told += (
        f": the replica lags more than replica_lag_allowance_seconds ({source.replica_lag_allowance.total_seconds():g})"
    )
    if not waiting:
        raise WorthALook(f"{told}. No period waits for it yet; the next one that ends will")
    raise ActivityIncomplete(
        f"{told}. Waiting for it: {waiting}. Have the replication mended; never lower the allowance"
    )


def billing_orders(wiring: Wiring) -> str:
    wiring.billing.ping()
    return f"answers; {_skew(wiring, 'billing-orders', wiring.billing.clock)}"


def alerts(wiring: Wiring) -> str:
    """Raises WorthALook if nobody is told when something goes wrong."""
    from signalq_billing.orchestration.notifiers import anybody

    if not anybody(wiring.settings):
        raise WorthALook(
            "nobody is told of alerts: set SIGNALQ_BILLING_NOTIFIER_WEBHOOK to a connection id or "
            "SIGNALQ_BILLING_NOTIFIER_EMAIL to addresses"
        )
    return "somebody is told; `signalq-billing watch` shows what is wrong now"


def _waiting(wiring: Wiring, reached: dt.datetime | None, now: dt.datetime) -> Iterator[Period]:
    """The last complete period of each cadence that the replica has not reached the end of."""
    from signalq_billing.services.checking import ready_at

    for _, cadence in sorted(wiring.config.cadences.items()):
        period = cadence.last_complete(now)
        if period is not None and (reached is None or reached < ready_at(period, wiring.config.source)):
            yield period


def _skew(wiring: Wiring, whose: str, clock: Callable[[], dt.datetime | None]) -> str:
    """How far the other's clock is from ours. Raises ClockSkew for more than ten seconds."""
    before = wiring.clock.now()
    theirs = clock()
    after = wiring.clock.now()
    if theirs is None:
        return "it tells no time"
    ahead = max(theirs - after, before - theirs, dt.timedelta(0))
    if ahead > MOST_SKEW:
        which = "ahead of" if theirs > after else "behind"
        raise ClockSkew(
            f"its clock is {_span(ahead)} {which} this machine's ({theirs:%H:%M:%S} and {after:%H:%M:%S} UTC): set the "
            f"wrong one right; periods and the watermark go by this machine's, leases by PostgreSQL's ({whose})"
        )
    return f"its clock differs by {ahead.total_seconds():.0f} s" if ahead.total_seconds() >= 1 else "its clock is ours"


def _span(length: dt.timedelta) -> str:
    seconds = abs(length.total_seconds())
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def checks() -> list[Check]:
    """All of them, in the order in which one depends on another."""
    from signalq_billing.cli.doctor_airflow import look_at_airflow

    return [
        Check("settings", settings),
        Check("config directory", config_directory),
        Check("guards", guards, needs=("config directory",)),
        Check("PostgreSQL", database),
        Check("park configs", park_configs, needs=("config directory", "PostgreSQL")),
        Check("YTsaurus", ytsaurus, needs=("config directory",)),
        Check("clique", clique, needs=("YTsaurus",)),
        Check("watermark", watermark, needs=("clique",)),
        Check("billing-orders", billing_orders),
        Check("alerts", alerts, needs=("settings",)),
        Check("Airflow", look_at_airflow, needs=("config directory",)),
    ]
