"""`dev seed`: sample configs applied, sample history written; what is there and good enough is left as it is."""

import datetime as dt
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from signalq_billing.devstack.environment import CONFIG, YTSAURUS
from signalq_billing.devstack.sample import configs as sample_configs
from signalq_billing.devstack.sample import history, table
from signalq_billing.devstack.stack import Stack
from signalq_billing.domain.configs import Configs
from signalq_billing.domain.period import Cadence, Period

Say = Callable[[str], None]
ACTOR = "dev seed"
_NEWS_EVERY_SECONDS = 300


def seed_stack(stack: Stack, say: Say) -> None:
    """`dev seed` for a stack. Raises ConfigInvalid, and what the services it needs raise when they are not up."""
    own_config = not stack.environment.is_given(CONFIG)
    own_cluster = not stack.environment.is_given(YTSAURUS)
    variables, now = stack.environment.exports, dt.datetime.now(dt.UTC)
    configs = prepare_configs(Path(variables[CONFIG]), own_config, now, say)
    apply(variables, configs, say)
    if own_config or own_cluster:
        write_history(variables, configs, now, say)
    else:
        say("configs and cluster are both given: no sample history is written")


def complete_periods(stack: Stack) -> dict[str, Period]:
    """The newest period of each cadence whose run may begin by now and whose data is complete."""
    from signalq_billing.adapters.config_files import load_service_config

    now, configs = dt.datetime.now(dt.UTC), load_service_config(stack.environment[CONFIG])
    try:
        reached = table.reaches(_client(stack.environment.exports), configs.source) or now
    except PermissionError:
        reached = now
    known = reached - configs.source.replica_lag_allowance
    found = {name: each.last_complete(min(now - each.settle, known)) for name, each in configs.cadences.items()}
    return {name: period for name, period in found.items() if period}


def prepare_configs(directory: Path, own: bool, now: dt.datetime, say: Say) -> Configs:
    """The configs of the directory; the stack's own one is filled with the sample if empty. Raises ConfigInvalid."""
    from signalq_billing.adapters.config_files import load

    if own and sample_configs.write_if_absent(directory, now):
        say(f"sample configs written to {directory}")
    elif own and sample_configs.begin_with_last_period(directory, now):
        say("runs begin with the last complete periods: older ones have no history any more")
    return load(directory)


def apply(variables: Mapping[str, str], configs: Configs, say: Say) -> None:
    """Store the park configs in `signalq_billing`, as `config apply` does."""
    from signalq_billing.adapters.postgres.config_store import PostgresConfigStore
    from signalq_billing.devstack.databases import own_engine
    from signalq_billing.services import configs as service

    engine = own_engine(variables)
    try:
        done = service.apply(configs, PostgresConfigStore(engine), ACTOR)
    finally:
        engine.dispose()
    say(f"park configs: {len(done.added)} added, {len(done.changed)} changed, {len(done.unchanged)} unchanged")


def write_history(variables: Mapping[str, str], configs: Configs, now: dt.datetime, say: Say) -> None:
    """Write the history unless what is there carries the last complete period of every cadence."""
    client = _client(variables)
    try:
        reached = table.reaches(client, configs.source)
    except PermissionError as error:
        say(f"{error}: left as it is")
        return
    if reached and reached >= needed_until(configs, now):
        say(f"history reaches {reached:%Y-%m-%d %H:%M} UTC: fresh enough")
        return
    began = time.monotonic()
    until = floored(now)
    rows = history.rows(until, first_days(configs, now))
    table.write(client, configs.source, rows, until)
    say(f"history: {len(rows)} rows until {until:%Y-%m-%d %H:%M} UTC ({time.monotonic() - began:.1f} s)")


def refresh(variables: Mapping[str, str], now: dt.datetime, say: Say) -> None:
    """Write the history anew if it is the sample's and a period has ended since."""
    from signalq_billing.adapters.config_files import load

    configs = load(variables[CONFIG])
    try:
        reached = table.reaches(_client(variables), configs.source)
    except PermissionError:
        return
    if reached and reached < needed_until(configs, now):
        write_history(variables, configs, now, say)


def needed_until(configs: Configs, now: dt.datetime) -> dt.datetime:
    """What the watermark must have passed for the last complete period of every cadence to be computed."""
    settled = [cadence.last_complete(now - cadence.settle) for cadence in configs.cadences.values()]
    ends = [period.end for period in settled if period]
    return max(ends) + configs.source.replica_lag_allowance if ends else floored(now)


def first_days(configs: Configs, now: dt.datetime) -> dict[str, dt.date]:
    """Where each park's history has to begin at the latest: before the first period its cadence is paid for."""
    starts = {name: _starts(cadence, now) for name, cadence in configs.cadences.items()}
    return {each.park_id: starts[each.cadence] for each in configs.park_configs if each.cadence in starts}


def _starts(cadence: Cadence, now: dt.datetime) -> dt.date:
    last = cadence.last_complete(now - cadence.settle)
    candidates = [
        now.date(),
        *([last.name] if last else []),
        *([cadence.catch_up_from] if cadence.catch_up_from else []),
    ]
    return max(min(candidates), now.date() - sample_configs.LONG_AGO) - dt.timedelta(days=2)


def floored(now: dt.datetime) -> dt.datetime:
    """The last full five minutes: the newest row of the sample is from then."""
    return dt.datetime.fromtimestamp(int(now.timestamp()) // _NEWS_EVERY_SECONDS * _NEWS_EVERY_SECONDS, dt.UTC)


def _client(variables: Mapping[str, str]):  # type: ignore[no-untyped-def]
    from signalq_billing.adapters.ytsaurus.client import yt_client
    from signalq_billing.connections import from_environment, ytsaurus_settings

    found = from_environment("ytsaurus_default", variables)
    assert found is not None, "the stack's environment has every connection"
    return yt_client(*ytsaurus_settings(found))
