"""Errors as a YTsaurus cluster shapes them: a code of YT's own, a message, attributes, inner errors."""

from collections.abc import Mapping, Sequence
from enum import IntEnum

from signalq_billing.devstack.ytsaurus.yson import Yson


class Code(IntEnum):
    """The codes of YT that the stand-in answers with."""

    GENERIC = 1
    CANCELED = 2
    TIMEOUT = 3
    NO_SUCH_METHOD = 103
    SORT_ORDER_VIOLATION = 301
    UNIQUE_KEY_VIOLATION = 302
    SCHEMA_VIOLATION = 307
    NO_SUCH_COLUMN = 309
    SAME_TRANSACTION_LOCK_CONFLICT = 400
    PENDING_LOCK_CONFLICT = 401
    CONCURRENT_LOCK_CONFLICT = 402
    RESOLVE = 500
    ALREADY_EXISTS = 501
    CHUNK_UNAVAILABLE = 716
    AUTHENTICATION = 900
    QUERY_NOT_FOUND = 3901
    QUERY_RESULT_NOT_FOUND = 3902
    NO_SUCH_TRANSACTION = 11000


class ClusterError(Exception):
    """What the cluster answers when it does not do what was asked."""

    def __init__(
        self,
        message: str,
        code: int = Code.GENERIC,
        attributes: Mapping[str, Yson] | None = None,
        inner: Sequence["ClusterError"] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = int(code)
        self.attributes = dict(attributes or {})
        self.inner = list(inner)

    def as_dict(self) -> dict[str, Yson]:
        """The four keys the client knows; any other top-level key breaks its matching."""
        return {
            "code": self.code,
            "message": self.message,
            "attributes": self.attributes,
            "inner_errors": [error.as_dict() for error in self.inner],
        }


def no_such_path(path: str, detail: str) -> ClusterError:
    return ClusterError(
        f"Error resolving path {path}", Code.RESOLVE, {"path": path}, [ClusterError(detail, Code.RESOLVE)]
    )


def no_such_object(object_id: str) -> ClusterError:
    return ClusterError(f"No such object {object_id}", Code.RESOLVE)


def already_exists(path: str) -> ClusterError:
    return ClusterError(f"Node {path} already exists", Code.ALREADY_EXISTS, {"path": path})


def no_such_transaction(transaction_id: str) -> ClusterError:
    return ClusterError(f"No such transaction {transaction_id}", Code.NO_SUCH_TRANSACTION)


def schema_violation(message: str) -> ClusterError:
    return ClusterError(message, Code.SCHEMA_VIOLATION)


def clickhouse_error(code: int, message: str) -> ClusterError:
    """An error of the query engine: its own code stands in the message, as CHYT passes it on."""
    return ClusterError(f"Code: {code}. DB::Exception: {message}", Code.GENERIC, {"clickhouse_code": code})
