"""Receivers of metrics as they are in production: StatsD over UDP, and OTLP over HTTP with its real protobuf."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from signalq_billing.domain.metric import CATALOGUE, MetricType

PREFIX = "airflow.signalq_billing."
_LINE = re.compile(r"(?P<name>[^,:]+)(?P<tags>(?:,[^=]+=[^,:]+)*):(?P<value>[^|]+)\|(?P<type>c|g|ms)$")
_TYPES = {"c": MetricType.COUNTER, "g": MetricType.GAUGE, "ms": MetricType.TIMER}


@dataclass(frozen=True)
class Received:
    """One measurement as it arrived, without the prefix if it is one of ours."""

    name: str
    type: MetricType
    value: float
    tags: tuple[tuple[str, str], ...]


def in_catalogue(received: Received) -> bool:
    """Whether the catalogue has it with this type and exactly these tags."""
    known = CATALOGUE.get(received.name)
    return known is not None and known.type is received.type and sorted(known.tags) == [key for key, _ in received.tags]


@dataclass
class StatsdReceiver:
    """A StatsD server that understands tags as InfluxDB writes them, and remembers every line."""

    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def ours(self) -> list[Received]:
        return [_of_line(line) for line in self.lines if line.startswith(PREFIX)]

    def environment(self) -> dict[str, str]:
        """What tells Airflow to send here."""
        return {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(self.port),
            "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
            "AIRFLOW__METRICS__LEGACY_NAMES_ON": "False",
        }


def _of_line(line: str) -> Received:
    found = _LINE.match(line)
    assert found, line
    tags = tuple(sorted(tuple(pair.split("=", 1)) for pair in found["tags"].split(",")[1:]))
    name = found["name"].removeprefix(PREFIX)
    return Received(name, _TYPES[found["type"]], float(found["value"]), tags)  # type: ignore[arg-type]


@contextmanager
def statsd() -> Iterator[StatsdReceiver]:
    """Listens until the block ends. What was sent before that is there: loopback keeps datagrams in order."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        receiver = StatsdReceiver(server.getsockname()[1])
        listening = threading.Thread(target=_listen, args=(server, receiver), daemon=True)
        listening.start()
        yield receiver
        server.sendto(b"", server.getsockname())  # an empty datagram ends it, after all that came before
        listening.join()


def _listen(server: socket.socket, receiver: StatsdReceiver) -> None:
    while datagram := server.recv(65_535):
        receiver.lines += datagram.decode().splitlines()


@dataclass
class OtlpReceiver:
    """An OTLP endpoint that decodes what it gets."""

    port: int
    requests: list[ExportMetricsServiceRequest] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        return {
            "AIRFLOW__METRICS__OTEL_ON": "True",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__METRICS__LEGACY_NAMES_ON": "False",
        }

    @property
    def ours(self) -> list[Received]:
        """The last value of every series, as a cumulative export tells it."""
        last: dict[tuple[str, tuple[tuple[str, str], ...]], Received] = {}
        for request in self.requests:
            for metric in (
                metric
                for resource in request.resource_metrics
                for scope in resource.scope_metrics
                for metric in scope.metrics
                if metric.name.startswith(PREFIX)
            ):
                for each in _of_otlp(metric):
                    last[each.name, each.tags] = each
        return list(last.values())


def _of_otlp(metric: object) -> Iterator[Received]:
    kind = metric.WhichOneof("data")  # type: ignore[attr-defined]
    types = {"sum": MetricType.COUNTER, "gauge": MetricType.GAUGE, "exponential_histogram": MetricType.TIMER}
    for point in getattr(metric, kind).data_points:
        tags = tuple(sorted((each.key, each.value.string_value) for each in point.attributes))
        value = point.sum if kind == "exponential_histogram" else point.as_double or float(point.as_int)
        yield Received(metric.name.removeprefix(PREFIX), types[kind], value, tags)  # type: ignore[attr-defined]


@contextmanager
def otlp() -> Iterator[OtlpReceiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append(ExportMetricsServiceRequest.FromString(body))
            answer = ExportMetricsServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = OtlpReceiver(server.server_port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        server.shutdown()
