"""What statsd-exporter makes of our metrics, by the mapping that is shipped: the part of its rules that it uses.

The exporter itself is in no package registry; its documentation is followed: globs match dot by dot, the first rule
stands, `$1` is what the first star matched, and what no rule matches keeps its name with `_` for other characters.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from signalq_billing.domain.metric import CATALOGUE, PREFIX, MetricType

MAPPING = Path(__file__).parents[2] / "monitoring" / "statsd-exporter" / "mapping.yml"
RULES = yaml.safe_load(MAPPING.read_text())
TAGS = {  # a value for each tag there is
    "cadence": "weekly_msk",
    "currency": "RUB",
    "outcome": "rejected",
    "by": "guard",
    "step": "paid",
    "held": "no",
    "dependency": "ytsaurus",
    "reason": "status_missing",
    "kind": "missing_there",
}
AIRFLOWS = {f"dagrun.duration.{state}": ("dag_id", "run_type") for state in ("success", "failed")}
AIRFLOW_TAGS = {"dag_id": "signalq_payouts_weekly_msk", "run_type": "scheduled"}


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


def exposition(values: Mapping[str, float], every: Iterable[str] | None = None) -> str:
    """The exporter's page with each series once; those that are not in `values` are 0."""
    lines = []
    for name in every if every is not None else series():
        labels = {tag: {**TAGS, **AIRFLOW_TAGS, "le": "+Inf"}[tag] for tag in series()[name]}
        told = ",".join(f'{label}="{value}"' for label, value in labels.items())
        lines.append(f"{name}{{{told}}} {values.get(name, 0)}")
    return "\n".join([*lines, ""])
