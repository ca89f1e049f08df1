"""What statsd-exporter makes of our metrics, by the mapping that is shipped: the part of its rules that it uses.

The exporter itself is in no package registry; its documentation is followed: globs match dot by dot, the first rule
stands, `$1` is what the first star matched, and what no rule matches keeps its name with `_` for other characters.
"""

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import yaml

from signalq_billing.domain.metric import CATALOGUE, PREFIX, MetricType

MAPPING = Path(__file__).parents[2] / "monitoring" / "statsd-exporter" / "mapping.yml"
RULES = yaml.safe_load(MAPPING.read_text())
VALUES = {  # some values of each tag there is
    "cadence": ["weekly_msk"],
    "currency": ["RUB"],
    "outcome": ["rejected"],
    "by": ["guard", "rejection"],
    "step": ["paid"],
    "held": ["yes", "no"],
    "dependency": ["ytsaurus"],
    "reason": ["status_missing"],
    "kind": ["missing_there", "late"],
    "dag_id": ["signalq_payouts_weekly_msk"],
    "run_type": ["scheduled"],
    "le": ["+Inf"],
}
AIRFLOWS = {f"dagrun.duration.{state}": ("dag_id", "run_type") for state in ("success", "failed")}


def mapped(name: str) -> str:
    """The series' name for a StatsD name."""
    for rule in RULES["mappings"]:
        pattern = re.escape(rule["match"]).replace(r"\*", r"([^.]*)")
        if found := re.fullmatch(pattern, name):
            return re.sub(r"\$\{?(\d)\}?", lambda number: found[int(number[1])], str(rule["name"]))
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def series() -> dict[str, tuple[str, ...]]:
    """Every name that Prometheus sees, ours and those of Airflow that we use, with its labels."""
    found: dict[str, tuple[str, ...]] = {}
    for metric in CATALOGUE.values():
        name = mapped(f"airflow.{PREFIX}.{metric.name}")
        found |= _of_timer(name, metric.tags) if metric.type is MetricType.TIMER else {name: metric.tags}
    for airflows, tags in AIRFLOWS.items():
        found |= _of_timer(mapped(f"airflow.{airflows}"), tags)
    return found


def _of_timer(name: str, tags: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {f"{name}_bucket": (*tags, "le"), f"{name}_sum": tags, f"{name}_count": tags}


def exposition(values: Mapping[str, float]) -> str:
    """The exporter's page with every series; those that are not in `values` are 0."""
    lines = []
    for name, tags in series().items():
        for each in product(*(VALUES[tag] for tag in tags)):
            told = ",".join(f'{tag}="{value}"' for tag, value in zip(tags, each, strict=True))
            lines.append(f"{name}{{{told}}} {values.get(name, 0)}")
    return "\n".join([*lines, ""])
