"""What the code emits is what the catalogue has, with its type and tags, and the other way round; so is the page."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import signalq_billing
from signalq_billing.domain.metric import CATALOGUE, Metric, MetricType

PACKAGE = Path(signalq_billing.__file__).parent
DOCUMENT = PACKAGE.parent / "docs" / "metrics.md"
TYPES = {"count": MetricType.COUNTER, "gauge": MetricType.GAUGE, "timer": MetricType.TIMER}
Emitted = tuple[str, MetricType, tuple[str, ...]]


def emissions(source: str) -> Iterator[Emitted | int]:
    """Every metric that some source emits; the line of one whose name or tags are not written out."""
    for call in ast.walk(ast.parse(source)):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in TYPES):
            continue
        if not ast.unparse(call.func.value).split(".")[-1].endswith("metrics"):
            continue
        tags = [each.arg for each in call.keywords]
        name = call.args[0] if call.args else None
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and None not in tags:
            yield name.value, TYPES[call.func.attr], tuple(sorted(str(tag) for tag in tags))
        else:
            yield call.lineno


def emitted() -> set[Emitted]:
    found = [(path, each) for path in PACKAGE.rglob("*.py") for each in emissions(path.read_text())]
    unclear = [f"{path}:{each}" for path, each in found if isinstance(each, int)]
    assert unclear == [], "write a metric's name and tags out where it is emitted"
    return {each for _, each in found if not isinstance(each, int)}


def _known(metric: Metric) -> Emitted:
    return metric.name, metric.type, tuple(sorted(metric.tags))


def test_every_metric_that_is_emitted_is_in_the_catalogue_with_its_type_and_tags() -> None:
    assert emitted() - {_known(metric) for metric in CATALOGUE.values()} == set()


def test_every_metric_of_the_catalogue_is_emitted() -> None:
    assert {_known(metric) for metric in CATALOGUE.values()} - emitted() == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("self.metrics.count('a.b', 2, cadence=c)", [("a.b", MetricType.COUNTER, ("cadence",))]),
        ("with metrics.timer('a.b'): pass", [("a.b", MetricType.TIMER, ())]),
        ("metrics.gauge(name, 1)", [1]),
        ("metrics.gauge('a.b', 1, **tags)", [1]),
        ("rows.count('a.b')", []),
    ],
)
def test_emissions_are_seen(source: str, found: list[Emitted | int]) -> None:
    assert list(emissions(source)) == found


def test_names_and_tags_survive_statsd_and_prometheus() -> None:
    for metric in CATALOGUE.values():
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", metric.name)
        assert all(re.fullmatch(r"[a-z]+", tag) for tag in metric.tags)


def test_the_document_has_every_metric_as_the_catalogue_tells_it() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| ([^|]+) \| ([^|]*) \| ([^|]+) \|$", DOCUMENT.read_text(), re.M)
    assert rows == [
        (metric.name, metric.type.value, metric.unit, ", ".join(f"`{tag}`" for tag in metric.tags), metric.meaning)
        for metric in CATALOGUE.values()
    ]
