"""Every error this package raises on purpose, in one small tree. A message names the park, the period and the
field it is about, and says what to do; differences that are expected (discrepancies, bad rows) are data instead.

    SignalqBillingError               exit code 1
    ├── UsageError                    exit code 2: the caller asked for something that does not exist
    │   ├── ConfigInvalid             exit code 2: configs with problems, all of them in one report
    │   └── RegisterUnreadable        exit code 2: a file that is no register, or not one that can be understood
    ├── Refused                       exit code 3: possible, but not now or not allowed
    │   ├── PeriodNotOver             the period still runs, or has not begun
    │   ├── ActivityIncomplete        the replica has not reached the end of the period yet
    │   ├── Held                      a guard or an operator holds the payout
    │   └── RegisterMismatch          a register taken back is not what is stored: nothing was marked
    ├── BadRowsExceeded               too much of status_history is unusable: nobody is paid
    ├── SourceUnavailable             YTsaurus cannot be reached or failed: try again
    ├── SourceInvalid                 status_history or its result cannot be read as described by source.yaml
    ├── StorageUnavailable            PostgreSQL cannot be reached: try again
    ├── DependenciesUnavailable       one or more of the three services are down: nothing is created
    ├── MigrationsMissing             the database is not at the version this code needs
    ├── BillingUnavailable            billing-orders cannot be reached: try again
    ├── BillingMisconfigured          billing-orders refuses us as such (401, 403, 404, 405): nothing is held
    ├── OutcomeUnknown                billing-orders may or may not hold the order: ask before anything else
    ├── IdempotencyConflict           one key, two payloads: stop that payout and alert
    ├── RegisterUnbalanced            stored lines, payouts and orders of a period do not add up to the same
    ├── NotTold                       an alert could not be delivered: the next look tries again
    └── PayoutsUnfinished             some payouts of a run are not created yet; reconcile goes on with them
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_ONE_SCREEN, _IN_SHORT = 40, 5


class SignalqBillingError(Exception):
    """Root of the tree. `exit_code` is what the command line returns for it (SPEC section 9)."""

    exit_code = 1


class UsageError(SignalqBillingError):
    """The caller named something that does not exist or does not fit: a period, a park, a key."""

    exit_code = 2


@dataclass(frozen=True, slots=True, order=True)
class ConfigProblem:
    """One thing wrong with a config: where it stands, and what would be right. `shared`: it comes from one mistake that
    every park makes alike, such as naming a tariff that is not there; people are told it once."""

    file: str
    line: int
    park_id: str
    field: str
    message: str
    shared: bool = dataclasses.field(default=False, compare=False)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        who = f" park {self.park_id}" if self.park_id else ""
        what = f" {self.field}" if self.field else ""
        return f"{place}{':' if who or what else ''}{who}{what}: {self.message}"


class ConfigInvalid(UsageError):
    """Configs have problems; none of the configs was used. `warnings` may tell what some of them come from."""

    def __init__(self, problems: Sequence[ConfigProblem], warnings: Sequence[ConfigProblem] = ()) -> None:
        self.problems, self.warnings = tuple(sorted(problems)), tuple(warnings)
        count = len(self.problems)
        lines = [f"{count:,} problem{'s' if count != 1 else ''} in the configs, nothing was done with them:"]
        told = told_once(self.problems)
        lines += [f"  {problem}" for problem in told]
        lines += [f"  warning: {warning}" for warning in told_once(self.warnings)]
        super().__init__("\n".join(lines + (_in_short(self.problems) if len(told) > _ONE_SCREEN else [])))


def told_once(problems: Iterable[ConfigProblem]) -> list[str]:
    """Problems as people read them: one that many parks share at the first of them, with how many more have it."""
    first: dict[object, ConfigProblem] = {}
    times: Counter[object] = Counter()
    for index, problem in enumerate(problems):
        key = (problem.field, problem.message) if problem.shared else index
        first.setdefault(key, problem)
        times[key] += 1
    return [
        f"{each} (and so for {times[key] - 1:,} more)" if times[key] > 1 else f"{each}" for key, each in first.items()
    ]


def _in_short(problems: Sequence[ConfigProblem]) -> list[str]:
    """The commonest problems once more, where the list is too long for a screen."""
    kinds = Counter((problem.field, problem.message) for problem in problems)
    if len(kinds) == len(problems):
        return []
    common = kinds.most_common(_IN_SHORT)
    lines = [f"  {times:,} × {field}{': ' if field else ''}{message}" for (field, message), times in common]
    more = [f"  and {len(kinds) - len(common):,} other problems"] if len(kinds) > len(common) else []
    return ["In short:", *lines, *more]


class RegisterUnreadable(UsageError):
    """A file is not a register, or rows of it cannot be understood; `problems` has every one of them."""

    def __init__(self, head: str, problems: Sequence[object] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(_report(head, problems))


class Refused(SignalqBillingError):
    """Possible in principle, refused now."""

    exit_code = 3


class PeriodNotOver(Refused):
    """The period asked for still runs: what it pays is not known before it ends."""


class ActivityIncomplete(Refused):
    """The watermark has not passed the period's end and the lag allowance: waiting is the only right thing."""


class Held(Refused):
    """A guard or an operator holds the payout until somebody releases it."""


class RegisterMismatch(Refused):
    """A register that is taken back differs from what is stored, or marking it might pay twice; nothing was marked.
    `problems` has every reason."""

    def __init__(self, head: str, problems: Sequence[object] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(_report(head, problems))


class BadRowsExceeded(SignalqBillingError):
    """The share of bad rows is above `bad_row_share`: the run stops and pays nobody."""


class SourceUnavailable(SignalqBillingError):
    """YTsaurus cannot be reached, or a query failed in a way that a later try may mend."""


class SourceInvalid(SignalqBillingError):
    """The source table or a result does not have the shape that source.yaml promises."""


class StorageUnavailable(SignalqBillingError):
    """PostgreSQL cannot be reached."""


class DependenciesUnavailable(SignalqBillingError):
    """At least one of YTsaurus, PostgreSQL and billing-orders is down: a run creates nothing and tries later."""


class MigrationsMissing(SignalqBillingError):
    """The schema of signalq_billing is not the one this code was written for."""


class BillingUnavailable(SignalqBillingError):
    """billing-orders cannot be reached or asks to come back later."""


class BillingMisconfigured(SignalqBillingError):
    """billing-orders refuses the credentials or does not know the address: a person has to look."""


class OutcomeUnknown(SignalqBillingError):
    """Whether billing-orders holds the order is not known; only asking tells."""


class IdempotencyConflict(SignalqBillingError):
    """The same external_ref stands for two different payloads."""


class RegisterUnbalanced(SignalqBillingError):
    """The database disagrees with itself about a period: its lines, payouts and orders do not add up to the same."""


class PayoutsUnfinished(SignalqBillingError):
    """A run ended with payouts that are neither created nor held."""


class NotTold(SignalqBillingError):
    """An alert could not be delivered by a webhook, e-mail or notifier."""


def _report(head: str, problems: Sequence[object]) -> str:
    return "\n".join([head, *(f"  {problem}" for problem in problems)])
