"""Installs packages of others for tests: a directory on the path with a module and its metadata, as pip leaves them."""

from pathlib import Path
from textwrap import dedent

STEPPED = "stepped = signalq_extra:Stepped"
FULL_DAY = "full_day = signalq_extra:full_day"
MODULE = '''
import math
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar


@dataclass(frozen=True)
class Stepped:
    """Every started step costs the same."""

    counts_units: ClassVar[bool] = True

    step: Decimal = field(metadata={"above": 0})
    step_amount: Decimal

    def price(self, quantity: Fraction) -> Fraction:
        return math.ceil(quantity / Fraction(self.step)) * Fraction(self.step_amount)


def full_day(device, rules, eligible):
    return Fraction(sum(seconds >= 86_400 for seconds in device.day_seconds))
'''


def install(
    where: Path,
    package: str = "signalq-extra",
    version: str = "1.0",
    *,
    module: str = MODULE,
    models: str = "",
    units: str = "",
    metadata: str | None = None,
) -> Path:
    """A package with one module, named like it, and its entry points, such as `stepped = signalq_extra:Stepped`."""
    name = package.replace("-", "_")
    info = where / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (where / f"{name}.py").write_text(dedent(module))
    about = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n" if metadata is None else metadata
    (info / "METADATA").write_text(about)
    groups = {"signalq_billing.charge_models": models, "signalq_billing.units": units}
    sections = (f"[{group}]\n{lines}\n" for group, lines in groups.items() if lines)
    (info / "entry_points.txt").write_text("\n".join(sections))
    return where
