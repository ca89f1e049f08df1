"""What people have been told of, so that two machines that look at the same trouble do not both shout."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ALERT = """
CREATE TABLE alert (
    key text COLLATE "C" PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    document jsonb NOT NULL,
    seen_at timestamptz NOT NULL,
    gone_at timestamptz,
    told_at timestamptz,
    told_members jsonb DEFAULT '[]' NOT NULL,
    told_level integer DEFAULT 0 NOT NULL,
    times integer DEFAULT 0 NOT NULL,
    claim bigint DEFAULT 0 NOT NULL,
    claimed_until timestamptz,
    CONSTRAINT alert_told CHECK ((told_at IS NULL) = (times = 0))
);
"""


def upgrade() -> None:
    """Forward. Nothing that is stored changes."""
    op.execute(ALERT)


def downgrade() -> None:
    """Back to 0004: what was told is forgotten, so that it may be told once more."""
    op.execute("DROP TABLE alert")
