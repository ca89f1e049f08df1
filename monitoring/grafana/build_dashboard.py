"""Builds dashboards/signalq-billing.json with Grafana's own SDK: `make dashboard`. What needs a person stands first."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions, VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, QueryVariable, Row, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import BigValueColorMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode

TARGET = Path(__file__).parent / "dashboards" / "signalq-billing.json"
PROMETHEUS = DataSourceRef(type_val="prometheus", uid="prometheus")
OURS = "signalq_billing"
CHOSEN = 'cadence=~"$cadence"'
Queries = Sequence[tuple[str, str]]  # PromQL and what its series are called


def number(title: str, description: str, expr: str, unit: str = "short", red_from: float = 1) -> stat.Panel:
    """One figure that is green until it should be looked at."""
    steps = [Threshold(value=None, color="green"), Threshold(value=red_from, color="red")]
    thresholds = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
    panel = stat.Panel().title(title).description(description).unit(unit).thresholds(thresholds)
    panel = panel.color_mode(BigValueColorMode.BACKGROUND).reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    return panel.datasource(PROMETHEUS).height(4).span(4).with_target(Dataquery().expr(expr).ref_id("A").instant())


def over_time(title: str, description: str, queries: Queries, unit: str = "short") -> timeseries.Panel:
    """What became of it over time."""
    panel = timeseries.Panel().title(title).description(description).unit(unit).min(0)
    panel = panel.datasource(PROMETHEUS).height(8).span(12).legend(VizLegendOptions().show_legend(True))
    for name, (expr, legend) in zip("ABC", queries, strict=False):
        panel = panel.with_target(Dataquery().expr(expr).legend_format(legend).ref_id(name).range())
    return panel


def oldest(held: str) -> str:
    return f'max by (cadence) ({OURS}_payouts_oldest_not_created_seconds{{held="{held}",{CHOSEN}}})'


def mean(timer: str, by: str, matching: str) -> str:
    """The mean of a timer within the hour."""
    parts = (f"sum by ({by}) (increase({timer}_{part}{{{matching}}}[1h]))" for part in ("sum", "count"))
    return " / ".join(parts)


NEEDS_A_PERSON = (
    number(
        *("Oldest payout not created", "Since it was formed; held ones left out. Red from 6 hours."),
        *(f'max({OURS}_payouts_oldest_not_created_seconds{{held="no",{CHOSEN}}})', "s", 6 * 3600),
    ),
    number("Open payouts", "Not created and not held.", f"sum({OURS}_payouts_open{{{CHOSEN}}})"),
    number("Held", "Waits for somebody to release it.", f"sum({OURS}_payouts_on_hold{{{CHOSEN}}})"),
    number("Holds expired", "Nobody looked in time.", f"sum({OURS}_payouts_hold_expired{{{CHOSEN}}})"),
    number("Unknown orders", "May or may not exist.", f"sum({OURS}_orders_unknown{{{CHOSEN}}})"),
    number("Discrepancies", "Orders on which billing-orders and we differ.", f"sum({OURS}_discrepancies)"),
)
FOUND = over_time(
    *("Alerts that stand", "What the last look of `watch` found wrong, by kind; each kind has a page in docs/runbook."),
    [(f"sum by (kind) ({OURS}_alerts_open)", "{{kind}}")],
)
PAYING = (
    FOUND,
    over_time(
        *("Money created per hour", "In major units of currencies with two minor digits."),
        [(f"sum by (currency) (increase({OURS}_orders_minor_units{{{CHOSEN}}}[1h])) / 100", "{{currency}}")],
    ),
    over_time(
        *("Money that waits", "In major units of currencies with two minor digits."),
        [
            (f"sum by (currency) ({OURS}_payouts_open_minor_units{{{CHOSEN}}}) / 100", "open, {{currency}}"),
            (f"sum by (currency) ({OURS}_payouts_on_hold_minor_units{{{CHOSEN}}}) / 100", "held, {{currency}}"),
        ],
    ),
    over_time(
        *("Payouts and orders created per hour", "What became `created`, however it was found out."),
        [
            (f"sum by (cadence) (increase({OURS}_payouts_created{{{CHOSEN}}}[1h]))", "payouts, {{cadence}}"),
            (f"sum by (cadence) (increase({OURS}_orders_created{{{CHOSEN}}}[1h]))", "orders, {{cadence}}"),
        ],
    ),
    over_time(
        *(
            "Orders not created per hour, by outcome",
            "rejected: held. unknown: asked about. The rest is tried again.",
        ),
        [(f"sum by (outcome) (increase({OURS}_orders_not_created{{{CHOSEN}}}[1h]))", "{{outcome}}")],
    ),
    over_time(
        *("Oldest payout not created", "Since it was formed."),
        [(oldest("no"), "{{cadence}}"), (oldest("yes"), "held, {{cadence}}")],
        "s",
    ),
    over_time(
        *("Unknown outcomes", "Since the first claim of the oldest order that may or may not exist."),
        [(f"max by (cadence) ({OURS}_orders_oldest_unknown_seconds{{{CHOSEN}}})", "{{cadence}}")],
        "s",
    ),
    over_time(
        *("Put on hold per hour", "By a guard or by a rejection."),
        [(f"sum by (by) (increase({OURS}_payouts_held{{{CHOSEN}}}[1h]))", "{{by}}")],
    ),
    over_time(
        *("Fallen to zero, adjusted", "Paid before and nothing now; parks gone through by adjust."),
        [
            (f"sum by (cadence) ({OURS}_payouts_fallen_to_zero{{{CHOSEN}}})", "at zero, {{cadence}}"),
            (f"sum by (step) (increase({OURS}_payouts_adjusted{{{CHOSEN}}}[1h]))", "adjust: {{step}}"),
        ],
    ),
)
READING = (
    over_time(
        *("Watermark lag", "Told while a run waits for status_history or reads it."),
        [(f"max by (cadence) ({OURS}_watermark_lag_seconds{{{CHOSEN}}})", "{{cadence}}")],
        "s",
    ),
    over_time(
        *("Bad rows, as a share", "Of the last run's extraction; above 0.1 % by default it stops."),
        [(f"max by (cadence) ({OURS}_extract_bad_row_share{{{CHOSEN}}})", "{{cadence}}")],
        "percentunit",
    ),
    over_time(
        *("Rows read and left out", "By the last run's extraction."),
        [
            (f"max by (cadence) ({OURS}_extract_rows_read{{{CHOSEN}}})", "read, {{cadence}}"),
            (f"sum by (reason) ({OURS}_extract_bad_rows{{{CHOSEN}}})", "{{reason}}"),
        ],
    ),
    over_time(
        *("Extraction in YTsaurus", "The mean of the last hour."),
        [(mean(f"{OURS}_extract_duration", "cadence", CHOSEN), "{{cadence}}")],
        "s",
    ),
)
RUNNING = (
    over_time(
        *("DAG runs that succeeded", "The mean duration of the last hour, as Airflow tells it."),
        [(mean("airflow_dagrun_duration_success", "dag_id", 'dag_id=~"signalq_.*"'), "{{dag_id}}")],
        "s",
    ),
    over_time(
        *("DAG runs that failed per hour", "As Airflow tells it."),
        [('sum by (dag_id) (increase(airflow_dagrun_duration_failed_count{dag_id=~"signalq_.*"}[1h]))', "{{dag_id}}")],
    ),
    over_time(
        *("Runs by hand", "The mean duration of `signalq-billing run` in the last hour."),
        [(mean(f"{OURS}_run_duration", "cadence", CHOSEN), "{{cadence}}")],
        "s",
    ),
    over_time(
        *("Services and reconcile", "1: it answered the last reconcile. Reconciles per hour: four are right."),
        [
            (f"min by (dependency) ({OURS}_dependencies_up)", "{{dependency}}"),
            (f"sum(increase({OURS}_standing_measured[1h]))", "reconciles per hour"),
        ],
    ),
    over_time(
        *("Discrepancies", "Found by the daily comparison, by kind; and their money, in major units."),
        [
            (f"sum by (kind) ({OURS}_discrepancies)", "{{kind}}"),
            (f"sum by (kind, currency) ({OURS}_discrepancies_minor_units) / 100", "{{kind}}, {{currency}}"),
            (f"sum({OURS}_discrepancies_not_compared)", "periods not compared"),
        ],
    ),
)


def dashboard() -> str:
    """The dashboard as JSON, with a line end."""
    cadence = QueryVariable("cadence").label("Cadence").datasource(PROMETHEUS).multi(True).include_all(True)
    cadence = cadence.query(f"label_values({OURS}_payouts_open, cadence)").all_value(".*")
    made = Dashboard("Payouts").uid("signalq-billing").tags(["signalq"]).refresh("1m").time("now-7d", "now")
    made = made.readonly().with_variable(cadence)
    rows = {"Needs a person": NEEDS_A_PERSON, "Paying": PAYING, "Reading": READING, "Running": RUNNING}
    numbers = count(1)
    for title, panels in rows.items():
        made = made.with_row(Row(title).id(next(numbers)))
        for panel in panels:
            made = made.with_panel(panel.id(next(numbers)))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


if __name__ == "__main__":
    TARGET.write_text(dashboard())
