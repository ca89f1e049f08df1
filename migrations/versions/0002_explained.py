"""Lines keep the seconds of every day, payouts a digest of their activity; a line's figures are never rewritten."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FROZEN = """
CREATE TRIGGER payout_frozen BEFORE UPDATE ON payout FOR EACH ROW
    WHEN (OLD.frozen_at IS NOT NULL AND (OLD.park_id, OLD.cadence, OLD.period_name, OLD.period_start, OLD.period_end,
            OLD.timezone, OLD.revision, OLD.currency, OLD.total, OLD.carried, OLD.order_per, OLD.digest, {more_old}
            OLD.config_version_id, OLD.frozen_at)
        IS DISTINCT FROM (NEW.park_id, NEW.cadence, NEW.period_name, NEW.period_start, NEW.period_end,
            NEW.timezone, NEW.revision, NEW.currency, NEW.total, NEW.carried, NEW.order_per, NEW.digest, {more_new}
            NEW.config_version_id, NEW.frozen_at))
    EXECUTE FUNCTION signalq_billing_refuse('a payout that was claimed is frozen')
"""

LINES = """
CREATE TRIGGER payout_line_figures_stay BEFORE UPDATE ON payout_line FOR EACH ROW
    WHEN ((OLD.payout_id, OLD.line_no, OLD.park_id, OLD.device_id, OLD.period_name, OLD.revision, OLD.active_seconds,
            OLD.active_days, OLD.day_seconds, OLD.units, OLD.units_exact, OLD.amount, OLD.reason, OLD.created_at)
        IS DISTINCT FROM (NEW.payout_id, NEW.line_no, NEW.park_id, NEW.device_id, NEW.period_name, NEW.revision,
            NEW.active_seconds, NEW.active_days, NEW.day_seconds, NEW.units, NEW.units_exact, NEW.amount, NEW.reason,
            NEW.created_at))
    EXECUTE FUNCTION signalq_billing_refuse('a line is replaced with its payout or not at all')
"""


def upgrade() -> None:
    """Forward. Payouts stored before keep an empty digest and empty days: they were computed without keeping them."""
    op.execute("ALTER TABLE payout ADD COLUMN activity_digest text COLLATE \"C\" NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE payout_line ADD COLUMN day_seconds integer[] NOT NULL DEFAULT '{}'")
    op.execute("DROP TRIGGER payout_frozen ON payout")
    more = {"more_old": "OLD.activity_digest, OLD.snapshot_id,", "more_new": "NEW.activity_digest, NEW.snapshot_id,"}
    op.execute(FROZEN.format(**more))
    op.execute(LINES)


def downgrade() -> None:
    """Back to 0001; days and digests are lost."""
    op.execute("DROP TRIGGER payout_line_figures_stay ON payout_line")
    op.execute("DROP TRIGGER payout_frozen ON payout")
    op.execute(FROZEN.format(more_old="", more_new=""))
    op.execute("ALTER TABLE payout_line DROP COLUMN day_seconds")
    op.execute("ALTER TABLE payout DROP COLUMN activity_digest")
