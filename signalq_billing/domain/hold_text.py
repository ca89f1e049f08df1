"""Holds and releases in words, for people who have to decide about them."""

import datetime as dt

from signalq_billing.domain.progress import PayoutProgress


def hold_text(payout: PayoutProgress, now: dt.datetime) -> str:
    """Why a payout is held, since when, whether somebody should have looked by now, and if it is what was held."""
    if payout.hold is None:
        return f"held: {payout.hold_reason}"
    since = f"held since {payout.hold.since:%Y-%m-%d %H:%M} UTC"
    if payout.hold.expired(now):
        since = f"held, expired since {payout.hold.expires_at:%Y-%m-%d %H:%M} UTC"
    outdated = " (computed anew since it was held)" if payout.hold.outdated else ""
    return f"{since}: {payout.hold_reason}{outdated}"


def release_text(payout: PayoutProgress) -> str:
    """Who let a held payout go, when and why; nothing for one that nobody released."""
    if payout.release is None:
        return ""
    return f"released by {payout.release.by} on {payout.release.at:%Y-%m-%d %H:%M} UTC: {payout.release.note}"
