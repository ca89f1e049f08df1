"""Metrics that go nowhere, for processes without a receiver."""

from contextlib import AbstractContextManager, nullcontext


class NoMetrics:
    """Takes every metric and keeps none."""

    def count(self, name: str, value: int = 1, **tags: str) -> None: ...

    def gauge(self, name: str, value: float, **tags: str) -> None: ...

    def timer(self, name: str, **tags: str) -> AbstractContextManager[object]:  # noqa: ARG002
        return nullcontext()
