"""A charge that is stored and cannot be computed now: its model or unit is not installed, or broken."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from signalq_billing.errors import UsageError


@dataclass(frozen=True, slots=True)
class AbsentModel:
    """Stands for the model `name` with its keys as stored (canonical JSON), so that the other parks can be paid.

    `problem` says what is wrong and what to do.
    """

    counts_units: ClassVar[bool] = True

    name: str
    keys: str
    problem: str

    def price(self, quantity: Fraction) -> Fraction:  # noqa: ARG002 - there is no price
        raise UsageError(self.problem)
