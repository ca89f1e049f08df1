"""Adjustments: differences may be negative, orders say what was carried into them, and a retired payout stays so."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Only a later revision pays a difference, and nothing is carried that would take a payout below zero.
AMOUNTS = """
ALTER TABLE payout DROP CONSTRAINT payout_total, ADD CONSTRAINT payout_total CHECK (total >= 0 OR revision > 1);
ALTER TABLE payout DROP CONSTRAINT payout_carried,
    ADD CONSTRAINT payout_carried CHECK (carried = 0 OR (carried < 0 AND total + carried >= 0));
ALTER TABLE payout_line DROP CONSTRAINT payout_line_amount,
    ADD CONSTRAINT payout_line_amount CHECK (amount >= 0 OR revision > 1);
ALTER TABLE payout_order ADD COLUMN carried numeric NOT NULL DEFAULT 0
    CONSTRAINT payout_order_carried CHECK (carried <= 0);
CREATE INDEX payout_debt ON payout (park_id, currency) WHERE total < 0 OR carried < 0;
"""

NO_DIFFERENCES = """
DROP INDEX payout_debt;
ALTER TABLE payout_order DROP COLUMN carried;
ALTER TABLE payout_line DROP CONSTRAINT payout_line_amount, ADD CONSTRAINT payout_line_amount CHECK (amount >= 0);
ALTER TABLE payout DROP CONSTRAINT payout_carried, ADD CONSTRAINT payout_carried CHECK (carried <= 0);
ALTER TABLE payout DROP CONSTRAINT payout_total, ADD CONSTRAINT payout_total CHECK (total >= 0);
"""

PAYLOAD = """
CREATE TRIGGER payout_order_payload_frozen BEFORE UPDATE ON payout_order FOR EACH ROW
    WHEN ((OLD.payout_id, OLD.device_id, OLD.external_ref, OLD.amount, {old} OLD.currency, OLD.payload,
            OLD.payload_hash)
        IS DISTINCT FROM
        (NEW.payout_id, NEW.device_id, NEW.external_ref, NEW.amount, {new} NEW.currency, NEW.payload,
            NEW.payload_hash))
    EXECUTE FUNCTION signalq_billing_refuse('an order is never rewritten')
"""

RETIRED = """
CREATE TRIGGER payout_retired_for_ever BEFORE UPDATE ON payout FOR EACH ROW
    WHEN (OLD.retired_at IS NOT NULL AND OLD.retired_at IS DISTINCT FROM NEW.retired_at)
    EXECUTE FUNCTION signalq_billing_refuse('a payout once retired stays retired')
"""


def upgrade() -> None:
    """Forward. Nothing that is stored changes."""
    op.execute(AMOUNTS)
    op.execute("DROP TRIGGER payout_order_payload_frozen ON payout_order")
    op.execute(PAYLOAD.format(old="OLD.carried,", new="NEW.carried,"))
    op.execute(RETIRED)


def downgrade() -> None:
    """Back to 0002. Refused by the database if a negative difference is stored: 0002 has no place for it."""
    op.execute("DROP TRIGGER payout_retired_for_ever ON payout")
    op.execute("DROP TRIGGER payout_order_payload_frozen ON payout_order")
    op.execute(NO_DIFFERENCES)
    op.execute(PAYLOAD.format(old="", new=""))
