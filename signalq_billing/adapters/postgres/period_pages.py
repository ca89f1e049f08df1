"""Periods and their parks at a glance: rolled up by park first where a park has several revisions."""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    and_,
    case,
    cast,
    collate,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from signalq_billing.adapters.postgres.states import RANK, STATE, open_orders, rank
from signalq_billing.adapters.postgres.stored_text import escape
from signalq_billing.adapters.postgres.tables import StoredRow, payout
from signalq_billing.domain.glance import (
    ParkGlance,
    ParkOrder,
    ParkPage,
    ParkSearch,
    PayoutState,
    PeriodGlance,
    StateSum,
)
from signalq_billing.domain.period import Period, zone

_STANDS = payout.c.retired_at.is_(None)


def periods(connection: Connection, latest: int) -> list[PeriodGlance]:
    """The `latest` stored periods of every cadence, by cadence, the newest first."""
    # A hundred thousand parks are rolled up in memory, not through files; and planned for as what is asked for now, for
    # a plan for any cadences and days expects few payouts of them.
    planned = func.set_config("plan_cache_mode", "force_custom_plan", True)
    connection.execute(select(func.set_config("work_mem", "64MB", True), planned))
    steps = _latest_periods(latest)
    ranges = connection.execute(
        select(steps.c.cadence, func.min(steps.c.period_name), func.max(steps.c.period_name)).group_by(steps.c.cadence)
    )
    # Told to the planner as they are: from a join it would expect a tenth of the payouts, and plan for them.
    of_latest = or_(
        false(),
        *(
            and_(payout.c.cadence == cadence, payout.c.period_name.between(oldest, newest))
            for cadence, oldest, newest in ranges
        ),
    )
    summed = _summed(select(payout.c.cadence, payout.c.period_name).where(of_latest), open_orders())
    rows = connection.execute(
        select(summed).order_by(summed.c.cadence, summed.c.period_name.desc(), summed.c.rank, summed.c.currency)
    )
    grouped = groupby(rows, key=lambda row: (row.cadence, row.period_name))
    return [PeriodGlance(cadence, name, [_sum(row) for row in found]) for (cadence, name), found in grouped]


def period(connection: Connection, cadence: str, period_name: dt.date) -> Period | None:
    """A period as it is stored; None if nothing is stored for it."""
    of_period = and_(payout.c.cadence == cadence, payout.c.period_name == period_name)
    row = connection.execute(select(payout.c.period_end, payout.c.timezone).where(of_period).limit(1)).one_or_none()
    if row is None:
        return None
    return Period(cadence, period_name, row.period_end.astimezone(zone(row.timezone)).date(), row.timezone)


def sums(connection: Connection, cadence: str, period_name: dt.date) -> list[StateSum]:
    """Parks and money of one period by state and currency."""
    summed = _summed(*_of_period(cadence, period_name))
    rows = connection.execute(select(summed).order_by(summed.c.rank, summed.c.currency))
    return [_sum(row) for row in rows]


def parks(connection: Connection, cadence: str, period_name: dt.date, search: ParkSearch) -> ParkPage:
    """The parks of one period that `search` asks for, and how many there are of them."""
    by_park = _by_park(*_of_period(cadence, period_name, search.text))
    wanted = select(by_park, func.count().over().label("found"))
    if search.state is not None:
        wanted = wanted.where(by_park.c.rank == RANK[search.state])
    wanted = wanted.order_by(*_ordering(by_park, search)).offset(search.offset).limit(search.limit)
    rows = connection.execute(wanted).all()
    if not rows and search.offset:
        first = ParkSearch(search.state, search.text, search.order, search.descending, 0, 1)
        return ParkPage((), parks(connection, cadence, period_name, first).found)
    return ParkPage([glance_of(row) for row in rows], rows[0].found if rows else 0)


def neighbours(connection: Connection, cadence: str, period_name: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """The stored periods right before and right after."""
    of_cadence = payout.c.cadence == cadence
    before = select(func.max(payout.c.period_name)).where(of_cadence, payout.c.period_name < period_name)
    after = select(func.min(payout.c.period_name)).where(of_cadence, payout.c.period_name > period_name)
    return connection.scalar(before), connection.scalar(after)


def glance_of(row: StoredRow) -> ParkGlance:
    """A row of parks as a value."""
    state = STATE[row.rank]
    is_open = state in {PayoutState.HELD, PayoutState.UNKNOWN, PayoutState.FAILED, PayoutState.NOT_CREATED}
    return ParkGlance(
        park_id=row.park_id,
        cadence=row.cadence,
        period_name=row.period_name,
        timezone=row.timezone,
        currency=row.currency,
        total=row.total,
        devices=row.devices,
        paid_devices=row.paid_devices,
        state=state,
        revision=row.revision,
        since=row.since if is_open else None,
        expires_at=row.expires_at,
        problem=row.problem,
    )


def _latest_periods(latest: int) -> CTE:
    """(cadence, period_name) found by jumping from one to the next in their index, however many payouts there are."""
    first = select(func.min(payout.c.cadence).label("cadence")).cte("cadences", recursive=True)
    after = select(func.min(payout.c.cadence)).where(payout.c.cadence > first.c.cadence).scalar_subquery()
    cadences = first.union_all(select(after).where(first.c.cadence.is_not(None)))
    newest = select(func.max(payout.c.period_name)).where(payout.c.cadence == cadences.c.cadence).scalar_subquery()
    head = select(cadences.c.cadence, newest.label("period_name"), literal(1).label("number"))
    steps = head.where(cadences.c.cadence.is_not(None)).cte("steps", recursive=True)
    before = (
        select(func.max(payout.c.period_name))
        .where(payout.c.cadence == steps.c.cadence, payout.c.period_name < steps.c.period_name)
        .scalar_subquery()
    )
    further = select(steps.c.cadence, before, steps.c.number + 1)
    return steps.union_all(further.where(steps.c.period_name.is_not(None), steps.c.number < latest))


def _of_period(cadence: str, period_name: dt.date, text: str = "") -> tuple[Select[*tuple[Any, ...]], CTE]:
    """Cadence and period of its payouts, to which columns are added, and what is open about them."""
    of_period = and_(payout.c.cadence == cadence, payout.c.period_name == period_name)
    base = select(payout.c.cadence, payout.c.period_name).where(of_period)
    if text:
        # Both lowered by the same rule, that of ASCII: other letters are found as they are written.
        wanted = func.lower(collate(literal(escape(text)), "C"))
        base = base.where(func.strpos(func.lower(payout.c.park_id), wanted) > 0)
    return base, open_orders(of_period)


def _by_park(base: Select[*tuple[Any, ...]], open_order: CTE) -> CTE:
    """Payouts rolled up by cadence, period, park and currency."""
    state, newest = rank(open_order), _newest()
    held = payout.c.hold_reason
    return (
        base.add_columns(
            payout.c.park_id,
            payout.c.currency,
            func.min(payout.c.timezone).label("timezone"),
            func.coalesce(func.sum(payout.c.total).filter(_STANDS), 0).label("total"),
            newest[3].label("devices"),
            newest[4].label("paid_devices"),
            func.min(state).label("rank"),
            func.max(payout.c.revision).label("revision"),
            func.coalesce(
                func.min(payout.c.held_at).filter(held.is_not(None)), func.max(open_order.c.touched_at)
            ).label("since"),
            func.min(payout.c.hold_expires_at).filter(held.is_not(None)).label("expires_at"),
            func.coalesce(func.max(held), func.max(open_order.c.last_error), func.max(payout.c.reason)).label(
                "problem"
            ),
        )
        .outerjoin(open_order, open_order.c.payout_id == payout.c.id)
        .group_by(payout.c.cadence, payout.c.period_name, payout.c.park_id, payout.c.currency)
        .cte("by_park")
    )


def _newest() -> ColumnElement[Any]:
    """Figures of the newest revision that stands, or of the newest at all: the largest of arrays that begin with what
    makes it so. Aggregates in an order would sort every payout."""
    stands = cast(_STANDS, Integer)
    return func.max(array([stands, payout.c.revision, payout.c.devices, payout.c.paid_devices]), type_=ARRAY(Integer))


def _summed(base: Select[*tuple[Any, ...]], open_order: CTE) -> Subquery:
    """Parks and money by cadence, period, state and currency. The only payout of a park is added up as it is; hardly
    any park has several, and to roll up all of them as if they had would take most of the time."""
    alone = (
        base.add_columns(
            payout.c.currency,
            rank(open_order).label("rank"),
            case((_STANDS, payout.c.total), else_=0).label("total"),
        )
        .outerjoin(open_order, open_order.c.payout_id == payout.c.id)
        .where(~_is_revised())
        .subquery()
    )
    both = union_all(_added(alone), _added(_by_park(base.where(_is_revised()), open_order))).subquery()
    key = (both.c.cadence, both.c.period_name, both.c.rank, both.c.currency)
    parks = cast(func.sum(both.c.parks), BigInteger).label("parks")
    return select(*key, parks, func.sum(both.c.total).label("total")).group_by(*key).subquery()


def _added(parks: CTE | Subquery) -> Select[*tuple[Any, ...]]:
    key = (parks.c.cadence, parks.c.period_name, parks.c.rank, parks.c.currency)
    return select(*key, func.count().label("parks"), func.sum(parks.c.total).label("total")).group_by(*key)


def _is_revised() -> ColumnElement[bool]:
    """Whether a payout's park has a second one of the period. The number is no parameter: an index is made for it."""
    later = payout.alias("later")
    return exists().where(
        later.c.revision > literal_column("1"),
        later.c.cadence == payout.c.cadence,
        later.c.period_name == payout.c.period_name,
        later.c.park_id == payout.c.park_id,
    )


def _sum(row: StoredRow) -> StateSum:
    return StateSum(STATE[row.rank], row.currency, row.parks, row.total)


def _ordering(by_park: CTE, search: ParkSearch) -> Sequence[ColumnElement[Any]]:
    column = {
        ParkOrder.PARK: by_park.c.park_id,
        ParkOrder.TOTAL: by_park.c.total,
        ParkOrder.DEVICES: by_park.c.devices,
        ParkOrder.STATE: by_park.c.rank,
        ParkOrder.REVISION: by_park.c.revision,
        ParkOrder.SINCE: by_park.c.since,
    }[search.order]
    first = column.desc().nulls_last() if search.descending else column.asc().nulls_last()
    return [first, by_park.c.park_id, by_park.c.currency]
