"""Lines and the ends of chains are updated in place: their pages keep room for it, so that no index has to follow."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("payout_line", "park_history_head")


def upgrade() -> None:
    """Forward. Counts for pages that are written from now on; nothing that is stored changes."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")


def downgrade() -> None:
    """Back to 0005."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} RESET (fillfactor)")
