"""The statements that move an order, each one round trip: lock and read it all, write all that a step changes.

An order is moved twice whenever it is paid, so that what a step costs is what a run costs. Parts of one statement see
the state before it and touch different tables, so that their order does not matter.
"""

# The head first, as everywhere; who waited for it gets the order and the payout as they are once it is free. The clock
# is read above the locks, so after them.
LOCK = """
SELECT locked.*, clock_timestamp() AS now
FROM (
    SELECT o.id, o.payout_id, o.device_id, o.external_ref, o.amount, o.carried, o.currency, o.payload, o.payload_hash,
        o.payment_progress::text AS payment_progress, o.fencing, o.claimed_until, o.attempts, o.last_error, o.ambiguous,
        p.park_id, p.retired_at, p.hold_reason, head.seq, head.hash
    FROM payout_order AS o
    JOIN payout AS p ON p.id = o.payout_id
    JOIN park_history_head AS head ON head.park_id = p.park_id
    WHERE o.id = %(order_id)s
    FOR UPDATE OF head
    FOR UPDATE OF o
    FOR UPDATE OF p
) AS locked
"""

BEGIN_CHAIN = """
INSERT INTO park_history_head (park_id, seq, hash)
SELECT p.park_id, 0, %(hash)s FROM payout_order AS o JOIN payout AS p ON p.id = o.payout_id WHERE o.id = %(order_id)s
ON CONFLICT DO NOTHING
"""

_FREEZE = "UPDATE payout SET frozen_at = %(now)s, updated_at = %(now)s WHERE id = %(payout_id)s AND frozen_at IS NULL"

_TAKE = """
UPDATE payout_order
SET payment_progress = 'in_progress', fencing = %(fencing)s, claimed_until = %(claimed_until)s, claimed_by = %(worker)s,
    attempts = %(attempts)s, retry_at = NULL, ambiguous = %(ambiguous)s, updated_at = %(now)s
WHERE id = %(order_id)s
"""

_ATTEMPT = """
INSERT INTO order_attempt (order_id, fencing, purpose, worker, claimed_at)
VALUES (%(order_id)s, %(fencing)s, %(purpose)s, %(worker)s, %(now)s)
"""

_ANSWER = """
UPDATE order_attempt
SET recorded_at = %(now)s, outcome = %(outcome)s, definite = %(definite)s, detail = %(detail)s
WHERE order_id = %(order_id)s AND fencing = %(fencing)s AND recorded_at IS NULL
"""

_SETTLE = """
UPDATE payout_order
SET payment_progress = %(progress)s, claimed_until = %(claimed_until)s, doc_id = %(doc_id)s, last_outcome = %(outcome)s,
    last_error = %(last_error)s, retry_at = %(retry_at)s, ambiguous = %(ambiguous)s, updated_at = %(now)s
WHERE id = %(order_id)s
"""

# The lines an order pays are as far as the order is: all of the payout's, or the one of its device.
_LINES = """
UPDATE payout_line SET payment_progress = %(progress)s, updated_at = %(now)s
WHERE payout_id = %(payout_id)s AND amount <> 0 AND payment_progress <> %(progress)s
"""
_LINE = f"{_LINES} AND sha256(device_id::bytea) = %(device_hash)s"

_TELL = """
INSERT INTO history (park_id, seq, at, actor, action, payout_id, order_id, why, data, prev_hash, hash)
VALUES (%(park_id)s, %(seq)s, %(now)s, %(actor)s, %(action)s, %(payout_id)s, %(order_id)s, %(why)s, %(data)s::jsonb,
    %(prev_hash)s, %(hash)s)
"""
_HEAD = "UPDATE park_history_head SET seq = %(seq)s, hash = %(hash)s WHERE park_id = %(park_id)s"


def _together(*parts: str) -> str:
    """All parts, what the history says of them, and the new end of its chain, as one statement."""
    named = ",\n".join(f"part_{number} AS ({part.strip()})" for number, part in enumerate((*parts, _TELL)))
    return f"WITH {named}\n{_HEAD}"


CLAIM, CLAIM_OF_DEVICE = (_together(_FREEZE, _TAKE, _ATTEMPT, lines) for lines in (_LINES, _LINE))
TAKE_OVER = _together(_TAKE, _ATTEMPT)
RECORD, RECORD_OF_DEVICE = (_together(_ANSWER, _SETTLE, lines) for lines in (_LINES, _LINE))
RECORD_TOO_LATE = _together(_ANSWER)
