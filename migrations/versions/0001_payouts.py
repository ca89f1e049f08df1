"""Configs, snapshots, payouts with lines and orders, and the history that nothing changes."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INPUTS = """
CREATE TABLE config_version (
    id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT config_version_pkey PRIMARY KEY,
    park_id        text COLLATE "C" NOT NULL,
    effective_from date NOT NULL,
    cadence        text COLLATE "C" NOT NULL,
    enabled        boolean NOT NULL,
    body           jsonb NOT NULL,
    sha256         text COLLATE "C" NOT NULL,
    applied_at     timestamptz NOT NULL,
    applied_by     text COLLATE "C" NOT NULL,
    superseded_at  timestamptz,
    superseded_by  text COLLATE "C"
);
CREATE UNIQUE INDEX config_version_standing ON config_version (park_id, effective_from) WHERE superseded_at IS NULL;

CREATE TABLE activity_snapshot (
    id              bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT activity_snapshot_pkey PRIMARY KEY,
    cadence         text COLLATE "C" NOT NULL,
    period_name     date NOT NULL,
    period_end_date date NOT NULL,
    period_start    timestamptz NOT NULL,
    period_end      timestamptz NOT NULL,
    timezone        text COLLATE "C" NOT NULL,
    result_table    text COLLATE "C" NOT NULL,
    watermark       timestamptz,
    rows_read       bigint NOT NULL,
    bad_rows        jsonb NOT NULL,
    clock           timestamptz NOT NULL,
    source_revision text COLLATE "C" NOT NULL,
    rules_digest    text COLLATE "C" NOT NULL,
    created_at      timestamptz NOT NULL,
    created_by      text COLLATE "C" NOT NULL
);
CREATE INDEX activity_snapshot_period ON activity_snapshot (cadence, period_name);
"""

PAYOUT = """
CREATE TYPE payment_progress AS ENUM ('not_created', 'in_progress', 'created');

CREATE TABLE payout (
    id                bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT payout_pkey PRIMARY KEY,
    park_id           text COLLATE "C" NOT NULL,
    cadence           text COLLATE "C" NOT NULL,
    period_name       date NOT NULL,
    period_start      timestamptz NOT NULL,
    period_end        timestamptz NOT NULL,
    timezone          text COLLATE "C" NOT NULL,
    revision          integer NOT NULL CONSTRAINT payout_revision CHECK (revision >= 1),
    currency          text COLLATE "C" NOT NULL,
    total             numeric NOT NULL CONSTRAINT payout_total CHECK (total >= 0),
    carried           numeric NOT NULL DEFAULT 0 CONSTRAINT payout_carried CHECK (carried <= 0),
    reason            text COLLATE "C",
    devices           integer NOT NULL,
    paid_devices      integer NOT NULL,
    config_version_id bigint NOT NULL CONSTRAINT payout_config_version_id_fkey REFERENCES config_version (id),
    snapshot_id       bigint NOT NULL CONSTRAINT payout_snapshot_id_fkey REFERENCES activity_snapshot (id),
    order_per         text COLLATE "C" NOT NULL CONSTRAINT payout_order_per CHECK (order_per IN ('park', 'device')),
    digest            text COLLATE "C" NOT NULL,
    code_version      text COLLATE "C" NOT NULL,
    frozen_at         timestamptz,
    retired_at        timestamptz,
    hold_reason       text COLLATE "C",
    hold_payload_hash text COLLATE "C",
    held_at           timestamptz,
    hold_expires_at   timestamptz,
    released_at       timestamptz,
    released_by       text COLLATE "C",
    release_note      text COLLATE "C",
    computed_at       timestamptz NOT NULL,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT payout_identity UNIQUE (park_id, cadence, period_name, revision),
    CONSTRAINT payout_period_once
        EXCLUDE USING gist (park_id WITH =, tstzrange(period_start, period_end) WITH &&) WHERE (revision = 1),
    CONSTRAINT payout_period CHECK (period_end > period_start),
    CONSTRAINT payout_devices CHECK (paid_devices BETWEEN 0 AND devices),
    CONSTRAINT payout_hold CHECK ((hold_reason IS NULL) = (held_at IS NULL))
);
CREATE INDEX payout_period ON payout (cadence, period_name);
CREATE INDEX payout_frozen_config ON payout (config_version_id) WHERE frozen_at IS NOT NULL;

CREATE TABLE payout_line (
    payout_id        bigint NOT NULL CONSTRAINT payout_line_payout_id_fkey REFERENCES payout (id) ON DELETE CASCADE,
    line_no          integer NOT NULL,
    park_id          text COLLATE "C" NOT NULL,
    device_id        text COLLATE "C" NOT NULL,
    period_name      date NOT NULL,
    revision         integer NOT NULL,
    active_seconds   bigint NOT NULL,
    active_days      integer NOT NULL,
    units            numeric NOT NULL,
    units_exact      text COLLATE "C" NOT NULL,
    amount           numeric NOT NULL CONSTRAINT payout_line_amount CHECK (amount >= 0),
    reason           text COLLATE "C",
    payment_progress payment_progress NOT NULL DEFAULT 'not_created',
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT payout_line_pkey PRIMARY KEY (payout_id, line_no),
    CONSTRAINT payout_line_activity CHECK (active_seconds >= 0 AND active_days >= 0 AND units >= 0)
);
CREATE UNIQUE INDEX payout_line_device ON payout_line (payout_id, sha256(device_id::bytea));
"""

ORDER = """
CREATE TABLE payout_order (
    id               bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT payout_order_pkey PRIMARY KEY,
    payout_id        bigint NOT NULL CONSTRAINT payout_order_payout_id_fkey REFERENCES payout (id),
    device_id        text COLLATE "C",
    external_ref     text COLLATE "C" NOT NULL CONSTRAINT payout_order_external_ref UNIQUE,
    amount           numeric NOT NULL CONSTRAINT payout_order_amount CHECK (amount > 0),
    currency         text COLLATE "C" NOT NULL,
    payload          bytea NOT NULL,
    payload_hash     text COLLATE "C" NOT NULL,
    payment_progress payment_progress NOT NULL DEFAULT 'not_created',
    fencing          bigint NOT NULL DEFAULT 0,
    claimed_until    timestamptz,
    claimed_by       text COLLATE "C",
    attempts         integer NOT NULL DEFAULT 0,
    doc_id           text COLLATE "C",
    last_error       text COLLATE "C",
    last_outcome     text COLLATE "C",
    retry_at         timestamptz,
    ambiguous        boolean NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT payout_order_created CHECK ((payment_progress = 'created') = (doc_id IS NOT NULL)),
    CONSTRAINT payout_order_claimed CHECK ((payment_progress = 'in_progress') = (claimed_until IS NOT NULL))
);
CREATE INDEX payout_order_of_payout ON payout_order (payout_id);
CREATE INDEX payout_order_waiting ON payout_order (payout_id) WHERE payment_progress = 'not_created';
CREATE INDEX payout_order_claimed ON payout_order (claimed_until) WHERE payment_progress = 'in_progress';

CREATE TABLE order_attempt (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT order_attempt_pkey PRIMARY KEY,
    order_id    bigint NOT NULL CONSTRAINT order_attempt_order_id_fkey REFERENCES payout_order (id),
    fencing     bigint NOT NULL,
    purpose     text COLLATE "C" NOT NULL CONSTRAINT order_attempt_purpose CHECK (purpose IN ('pay', 'ask')),
    worker      text COLLATE "C" NOT NULL,
    claimed_at  timestamptz NOT NULL,
    recorded_at timestamptz,
    outcome     text COLLATE "C",
    definite    boolean,
    detail      text COLLATE "C",
    CONSTRAINT order_attempt_fencing UNIQUE (order_id, fencing)
);
"""

HISTORY = """
CREATE TABLE history (
    id        bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT history_pkey PRIMARY KEY,
    park_id   text COLLATE "C" NOT NULL,
    seq       bigint NOT NULL,
    at        timestamptz NOT NULL,
    actor     text COLLATE "C" NOT NULL,
    action    text COLLATE "C" NOT NULL,
    payout_id bigint,
    order_id  bigint,
    why       text COLLATE "C" NOT NULL,
    data      jsonb NOT NULL,
    prev_hash text COLLATE "C" NOT NULL,
    hash      text COLLATE "C" NOT NULL,
    CONSTRAINT history_seq UNIQUE (park_id, seq)
);
CREATE INDEX history_payout ON history (payout_id) WHERE payout_id IS NOT NULL;

CREATE TABLE park_history_head (
    park_id text COLLATE "C" CONSTRAINT park_history_head_pkey PRIMARY KEY,
    seq     bigint NOT NULL,
    hash    text COLLATE "C" NOT NULL
);
"""

# What code must never do, the database refuses: a change of the history, or of what may have been sent.
REFUSALS = """
CREATE FUNCTION signalq_billing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'signalq_billing: % of % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER history_append_only BEFORE UPDATE OR DELETE ON history
    FOR EACH ROW EXECUTE FUNCTION signalq_billing_refuse('the history is append-only');
CREATE TRIGGER history_never_emptied BEFORE TRUNCATE ON history
    FOR EACH STATEMENT EXECUTE FUNCTION signalq_billing_refuse('the history is append-only');

CREATE TRIGGER payout_order_payload_frozen BEFORE UPDATE ON payout_order FOR EACH ROW
    WHEN ((OLD.payout_id, OLD.device_id, OLD.external_ref, OLD.amount, OLD.currency, OLD.payload, OLD.payload_hash)
        IS DISTINCT FROM
        (NEW.payout_id, NEW.device_id, NEW.external_ref, NEW.amount, NEW.currency, NEW.payload, NEW.payload_hash))
    EXECUTE FUNCTION signalq_billing_refuse('an order is never rewritten');
CREATE TRIGGER payout_order_created_for_ever BEFORE UPDATE ON payout_order FOR EACH ROW
    WHEN (OLD.payment_progress = 'created' AND (NEW.payment_progress, NEW.doc_id)
        IS DISTINCT FROM (OLD.payment_progress, OLD.doc_id))
    EXECUTE FUNCTION signalq_billing_refuse('a created order stays created');
CREATE TRIGGER payout_order_fencing_only_grows BEFORE UPDATE ON payout_order FOR EACH ROW
    WHEN (NEW.fencing < OLD.fencing)
    EXECUTE FUNCTION signalq_billing_refuse('a fencing number never goes back');
CREATE TRIGGER payout_order_kept BEFORE DELETE ON payout_order FOR EACH ROW
    WHEN (OLD.fencing > 0)
    EXECUTE FUNCTION signalq_billing_refuse('an order that was claimed may have been sent');

CREATE TRIGGER payout_frozen BEFORE UPDATE ON payout FOR EACH ROW
    WHEN (OLD.frozen_at IS NOT NULL AND (OLD.park_id, OLD.cadence, OLD.period_name, OLD.period_start, OLD.period_end,
            OLD.timezone, OLD.revision, OLD.currency, OLD.total, OLD.carried, OLD.order_per, OLD.digest,
            OLD.config_version_id, OLD.frozen_at)
        IS DISTINCT FROM (NEW.park_id, NEW.cadence, NEW.period_name, NEW.period_start, NEW.period_end,
            NEW.timezone, NEW.revision, NEW.currency, NEW.total, NEW.carried, NEW.order_per, NEW.digest,
            NEW.config_version_id, NEW.frozen_at))
    EXECUTE FUNCTION signalq_billing_refuse('a payout that was claimed is frozen');
CREATE TRIGGER payout_kept BEFORE DELETE ON payout FOR EACH ROW
    WHEN (OLD.frozen_at IS NOT NULL)
    EXECUTE FUNCTION signalq_billing_refuse('a payout that was claimed may have been sent');
"""


def upgrade() -> None:
    """Forward. btree_gist is trusted: the database's owner may create it, no superuser is needed."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    for part in (INPUTS, PAYOUT, ORDER, HISTORY, REFUSALS):
        op.execute(part)


def downgrade() -> None:
    """Back to nothing. btree_gist stays, for others may use it."""
    op.execute("DROP TABLE order_attempt, payout_order, payout_line, payout, activity_snapshot, config_version")
    op.execute("DROP TABLE history, park_history_head")
    op.execute("DROP FUNCTION signalq_billing_refuse()")
    op.execute("DROP TYPE payment_progress")
