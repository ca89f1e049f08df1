"""What a claimed payout was made of stays: lines, config version, what came of its calls; chains only grow."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# One look per statement, however many lines it takes away; lines that go with their payout are the payout's business.
LINES = """
CREATE FUNCTION signalq_billing_keep_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM gone JOIN payout ON payout.id = gone.payout_id WHERE payout.frozen_at IS NOT NULL) THEN
        RAISE EXCEPTION 'signalq_billing: DELETE of payout_line is refused: a payout that was claimed keeps its lines'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payout_line_kept AFTER DELETE ON payout_line
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION signalq_billing_keep_lines();
"""

REFUSALS = """
CREATE TRIGGER config_version_stays BEFORE UPDATE ON config_version FOR EACH ROW
    WHEN ((OLD.park_id, OLD.effective_from, OLD.cadence, OLD.enabled, OLD.body, OLD.sha256, OLD.applied_at,
            OLD.applied_by) IS DISTINCT FROM (NEW.park_id, NEW.effective_from, NEW.cadence, NEW.enabled, NEW.body,
            NEW.sha256, NEW.applied_at, NEW.applied_by)
        OR (OLD.superseded_at IS NOT NULL AND OLD.superseded_at IS DISTINCT FROM NEW.superseded_at))
    EXECUTE FUNCTION signalq_billing_refuse('a version is superseded, never changed');
CREATE TRIGGER config_version_kept BEFORE DELETE ON config_version FOR EACH ROW
    EXECUTE FUNCTION signalq_billing_refuse('a version is superseded, never deleted');

CREATE TRIGGER order_attempt_stays BEFORE UPDATE ON order_attempt FOR EACH ROW
    WHEN (OLD.recorded_at IS NOT NULL OR (OLD.order_id, OLD.fencing, OLD.purpose, OLD.worker, OLD.claimed_at)
        IS DISTINCT FROM (NEW.order_id, NEW.fencing, NEW.purpose, NEW.worker, NEW.claimed_at))
    EXECUTE FUNCTION signalq_billing_refuse('what came of a call is recorded once');
CREATE TRIGGER order_attempt_kept BEFORE DELETE ON order_attempt FOR EACH ROW
    EXECUTE FUNCTION signalq_billing_refuse('calls that were made are kept');

CREATE TRIGGER park_history_head_grows BEFORE UPDATE ON park_history_head FOR EACH ROW
    WHEN (NEW.park_id <> OLD.park_id OR NEW.seq <= OLD.seq)
    EXECUTE FUNCTION signalq_billing_refuse('a chain only grows');
CREATE TRIGGER park_history_head_kept BEFORE DELETE ON park_history_head FOR EACH ROW
    EXECUTE FUNCTION signalq_billing_refuse('a chain only grows');
"""


def upgrade() -> None:
    """Forward. Nothing that is stored changes."""
    op.execute(LINES)
    op.execute(REFUSALS)


def downgrade() -> None:
    """Back to 0003."""
    for name, table in (
        ("payout_line_kept", "payout_line"),
        ("config_version_stays", "config_version"),
        ("config_version_kept", "config_version"),
        ("order_attempt_stays", "order_attempt"),
        ("order_attempt_kept", "order_attempt"),
        ("park_history_head_grows", "park_history_head"),
        ("park_history_head_kept", "park_history_head"),
    ):
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION signalq_billing_keep_lines()")
