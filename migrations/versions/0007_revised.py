"""Payouts that are not a park's only ones of their period are found without looking at all the others."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. Nothing that is stored changes."""
    op.execute("CREATE INDEX payout_revised ON payout (cadence, period_name, park_id) WHERE revision > 1")


def downgrade() -> None:
    """Back to 0006."""
    op.execute("DROP INDEX payout_revised")
