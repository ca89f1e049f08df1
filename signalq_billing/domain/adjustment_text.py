"""What adjusting came to, park by park, in a few words for people."""

from signalq_billing.domain.adjustment import Adjusted, Step
from signalq_billing.domain.money import money_text
from signalq_billing.domain.progress import PayoutProgress


def adjusted_text(park: Adjusted) -> str:
    """What happens about one park's difference."""
    if park.step in (Step.LEFT, Step.PROBLEM):
        return f"{'left alone' if park.step is Step.LEFT else 'NOT ADJUSTED'}: {park.why}"
    if park.step is Step.NOTHING:
        return "nothing: it was paid what a recompute pays"
    if park.step is Step.WITHDRAWN:
        return "the adjustment that nobody had sent is taken back: there is no difference any more"
    return "; ".join(filter(None, (_retired(park), _money(park))))


def _retired(park: Adjusted) -> str:
    return f"the keys of revision {park.retired} are retired for ever" if park.retired else ""


def _money(park: Adjusted) -> str:
    """Where the difference goes."""
    ordered, carried = money_text(park.ordered, park.currency), money_text(-park.carried, park.currency)
    revision = f"revision {park.revision}"
    if park.difference < 0:
        owed = money_text(park.debt, park.currency)
        return f"{revision} takes it back: its next payouts carry it, {owed} in all"
    if not park.difference:
        return f"{revision}: lines differ, their sum does not; nothing to pay"
    if not park.ordered:
        return f"{revision} is carried whole: the park owed it"
    return f"{revision}: order of {ordered}" + (f", after {carried} that the park owed" if park.carried else "")


def carried_text(payout: PayoutProgress) -> str:
    """What of a stored payout is not paid out as its total says, and why; empty for one that is."""
    if payout.retired:
        return "retired: never paid, a later revision stands for it"
    if payout.total < 0:
        return "taken back: the park's next payouts carry it"
    if not payout.carried:
        return ""
    carried = money_text(-payout.carried, payout.currency)
    return f"{carried} of it carried, which the park owed: orders of {money_text(payout.due, payout.currency)}"
