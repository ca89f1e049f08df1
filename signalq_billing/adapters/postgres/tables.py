"""The tables of signalq_billing as SQLAlchemy Core sees them. Migrations make them; a test holds both equal."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Row,
    Table,
    UniqueConstraint,
    any_,
    func,
    literal,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint

from signalq_billing.adapters.postgres.stored_text import StoredDocument, StoredText
from signalq_billing.domain.progress import PaymentProgress

StoredRow = Row[*tuple[Any, ...]]  # a row of one of these tables

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s",
    }
)

_progress = Enum(
    PaymentProgress,
    name="payment_progress",
    metadata=metadata,
    values_callable=lambda states: [state.value for state in states],
)


def is_any(column: ColumnElement[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """SQL for: the column is one of `values`, however many they are (a list of parameters ends at 65,535)."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def _instant(name: str, required: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=not required)


def _text(name: str, required: bool = True) -> Column[str]:
    return Column(name, StoredText(), nullable=not required)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _progress_column() -> Column[PaymentProgress]:
    return Column("payment_progress", _progress, nullable=False, server_default=text("'not_created'"))


config_version = Table(
    "config_version",
    metadata,
    _id(),
    _text("park_id"),
    Column("effective_from", Date, nullable=False),
    _text("cadence"),
    Column("enabled", Boolean, nullable=False),
    Column("body", StoredDocument(), nullable=False),
    _text("sha256"),
    _instant("applied_at"),
    _text("applied_by"),
    _instant("superseded_at", required=False),
    _text("superseded_by", required=False),
    Index(
        "config_version_standing", "park_id", "effective_from", unique=True, postgresql_where="superseded_at IS NULL"
    ),
)

activity_snapshot = Table(
    "activity_snapshot",
    metadata,
    _id(),
    _text("cadence"),
    Column("period_name", Date, nullable=False),
    Column("period_end_date", Date, nullable=False),
    _instant("period_start"),
    _instant("period_end"),
    _text("timezone"),
    _text("result_table"),
    _instant("watermark", required=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("bad_rows", StoredDocument(), nullable=False),
    _instant("clock"),
    _text("source_revision"),
    _text("rules_digest"),
    _instant("created_at"),
    _text("created_by"),
    Index("activity_snapshot_period", "cadence", "period_name"),
)

payout = Table(
    "payout",
    metadata,
    _id(),
    _text("park_id"),
    _text("cadence"),
    Column("period_name", Date, nullable=False),
    _instant("period_start"),
    _instant("period_end"),
    _text("timezone"),
    Column("revision", Integer, nullable=False),
    _text("currency"),
    Column("total", Numeric, nullable=False),
    Column("carried", Numeric, nullable=False, server_default=text("0")),
    _text("reason", required=False),
    Column("devices", Integer, nullable=False),
    Column("paid_devices", Integer, nullable=False),
    Column("config_version_id", BigInteger, ForeignKey("config_version.id"), nullable=False),
    Column("snapshot_id", BigInteger, ForeignKey("activity_snapshot.id"), nullable=False),
    _text("order_per"),
    _text("digest"),
    _text("code_version"),
    _instant("frozen_at", required=False),
    _instant("retired_at", required=False),
    _text("hold_reason", required=False),
    _text("hold_payload_hash", required=False),
    _instant("held_at", required=False),
    _instant("hold_expires_at", required=False),
    _instant("released_at", required=False),
    _text("released_by", required=False),
    _text("release_note", required=False),
    _instant("computed_at"),
    _instant("created_at"),
    _instant("updated_at"),
    Column("activity_digest", StoredText(), nullable=False, server_default=text("''")),
    UniqueConstraint("park_id", "cadence", "period_name", "revision", name="payout_identity"),
    ExcludeConstraint(
        ("park_id", "="),
        (func.tstzrange(Column("period_start"), Column("period_end")), "&&"),
        name="payout_period_once",
        using="gist",
        where="revision = 1",
    ),
    CheckConstraint("period_end > period_start", name="period"),
    CheckConstraint("revision >= 1", name="revision"),
    CheckConstraint("total >= 0 OR revision > 1", name="total"),
    CheckConstraint("carried = 0 OR (carried < 0 AND total + carried >= 0)", name="carried"),
    CheckConstraint("order_per IN ('park', 'device')", name="order_per"),
    CheckConstraint("paid_devices BETWEEN 0 AND devices", name="devices"),
    CheckConstraint("(hold_reason IS NULL) = (held_at IS NULL)", name="hold"),
    Index("payout_period", "cadence", "period_name"),
    # The few parks that have more than one payout of a period.
    Index("payout_revised", "cadence", "period_name", "park_id", postgresql_where="revision > 1"),
    Index("payout_frozen_config", "config_version_id", postgresql_where="frozen_at IS NOT NULL"),
    # What a park owes, however many payouts it has.
    Index("payout_debt", "park_id", "currency", postgresql_where="total < 0 OR carried < 0"),
)

# Rows whose updates touch no index stay in their page where it has room, and then no index has to follow.
_ROOM_FOR_PROGRESS = {"fillfactor": 50}

# An id may be longer than an index entry can be, so the SHA-256 of its bytes stands for it there.
DEVICE_HASH: ColumnElement[bytes] = literal_column("sha256(device_id::bytea)", LargeBinary)

payout_line = Table(
    "payout_line",
    metadata,
    Column("payout_id", BigInteger, ForeignKey("payout.id", ondelete="CASCADE"), nullable=False),
    Column("line_no", Integer, nullable=False),
    _text("park_id"),
    _text("device_id"),
    Column("period_name", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("active_seconds", BigInteger, nullable=False),
    Column("active_days", Integer, nullable=False),
    Column("units", Numeric, nullable=False),
    _text("units_exact"),
    Column("amount", Numeric, nullable=False),
    _text("reason", required=False),
    _progress_column(),
    _instant("created_at"),
    _instant("updated_at"),
    Column("day_seconds", ARRAY(Integer), nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("payout_id", "line_no"),
    CheckConstraint("amount >= 0 OR revision > 1", name="amount"),
    CheckConstraint("active_seconds >= 0 AND active_days >= 0 AND units >= 0", name="activity"),
    Index("payout_line_device", "payout_id", DEVICE_HASH, unique=True),
    postgresql_with=_ROOM_FOR_PROGRESS,
)

payout_order = Table(
    "payout_order",
    metadata,
    _id(),
    Column("payout_id", BigInteger, ForeignKey("payout.id"), nullable=False),
    _text("device_id", required=False),
    _text("external_ref"),
    Column("amount", Numeric, nullable=False),
    _text("currency"),
    Column("payload", LargeBinary, nullable=False),
    _text("payload_hash"),
    _progress_column(),
    Column("fencing", BigInteger, nullable=False, server_default=text("0")),
    _instant("claimed_until", required=False),
    _text("claimed_by", required=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _text("doc_id", required=False),
    _text("last_error", required=False),
    _text("last_outcome", required=False),
    _instant("retry_at", required=False),
    Column("ambiguous", Boolean, nullable=False, server_default=text("false")),
    _instant("created_at"),
    _instant("updated_at"),
    Column("carried", Numeric, nullable=False, server_default=text("0")),
    UniqueConstraint("external_ref", name="payout_order_external_ref"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("carried <= 0", name="carried"),
    CheckConstraint("(payment_progress = 'created') = (doc_id IS NOT NULL)", name="created"),
    CheckConstraint("(payment_progress = 'in_progress') = (claimed_until IS NOT NULL)", name="claimed"),
    Index("payout_order_of_payout", "payout_id"),
    # What reconcile looks for, however many settled orders there are.
    Index("payout_order_waiting", "payout_id", postgresql_where="payment_progress = 'not_created'"),
    Index("payout_order_claimed", "claimed_until", postgresql_where="payment_progress = 'in_progress'"),
)

order_attempt = Table(
    "order_attempt",
    metadata,
    _id(),
    Column("order_id", BigInteger, ForeignKey("payout_order.id"), nullable=False),
    Column("fencing", BigInteger, nullable=False),
    _text("purpose"),
    _text("worker"),
    _instant("claimed_at"),
    _instant("recorded_at", required=False),
    _text("outcome", required=False),
    Column("definite", Boolean),
    _text("detail", required=False),
    UniqueConstraint("order_id", "fencing", name="order_attempt_fencing"),
    CheckConstraint("purpose IN ('pay', 'ask')", name="purpose"),
)

history = Table(
    "history",
    metadata,
    _id(),
    _text("park_id"),
    Column("seq", BigInteger, nullable=False),
    _instant("at"),
    _text("actor"),
    _text("action"),
    Column("payout_id", BigInteger),
    Column("order_id", BigInteger),
    _text("why"),
    Column("data", StoredDocument(), nullable=False),
    _text("prev_hash"),
    _text("hash"),
    UniqueConstraint("park_id", "seq", name="history_seq"),
    Index("history_payout", "payout_id", postgresql_where="payout_id IS NOT NULL"),
)

park_history_head = Table(
    "park_history_head",
    metadata,
    Column("park_id", StoredText(), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    _text("hash"),
    postgresql_with=_ROOM_FOR_PROGRESS,
)

alert = Table(
    "alert",
    metadata,
    Column("key", StoredText(), primary_key=True),
    _text("kind"),
    Column("document", StoredDocument(), nullable=False),
    _instant("seen_at"),
    _instant("gone_at", required=False),
    _instant("told_at", required=False),
    Column("told_members", StoredDocument(), nullable=False, server_default=text("'[]'")),
    Column("told_level", Integer, nullable=False, server_default=text("0")),
    Column("times", Integer, nullable=False, server_default=text("0")),
    Column("claim", BigInteger, nullable=False, server_default=text("0")),
    _instant("claimed_until", required=False),
    CheckConstraint("(told_at IS NULL) = (times = 0)", name="told"),
)
