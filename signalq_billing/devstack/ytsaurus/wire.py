"""Requests and answers of API v4: parameters from header, body or URL, values in their formats, errors in headers."""

import importlib
import io
import json
import zlib
from collections.abc import Callable, Mapping
from typing import BinaryIO
from urllib.parse import parse_qsl

from typing_extensions import Buffer

from signalq_billing.devstack.ytsaurus import yson
from signalq_billing.devstack.ytsaurus.errors import ClusterError
from signalq_billing.devstack.ytsaurus.yson import Yson

Headers = list[tuple[bytes, bytes]]


class Parameters(dict[str, Yson]):
    """A command's parameters; one that is needed and was not given is the caller's mistake."""

    def __missing__(self, name: str) -> Yson:
        raise ClusterError(f'Missing required parameter "{name}"')


def parameters(headers: Mapping[str, str], query: str, body: bytes) -> Parameters:
    """All parameters of a request; what is in the body or the header wins over the URL."""
    found = Parameters(parse_qsl(query, keep_blank_values=True))
    for name in ("input", "output"):
        value = headers.get(f"x-yt-{name}-format")
        if value:
            found[f"{name}_format"] = yson.loads(value.encode("latin-1"))
    header_format = headers.get("x-yt-header-format", "json")
    pieces = [headers[key] for key in sorted(headers) if key.startswith("x-yt-parameters")]
    for raw, kind in (
        ("".join(pieces).encode("latin-1"), "yson" if "yson" in header_format else "json"),
        (body, "json" if "json" in headers.get("content-type", "") else "yson"),
    ):
        if raw.strip():
            found.update(_parsed(raw, kind))
    return found


def _parsed(raw: bytes, kind: str) -> dict[str, Yson]:
    try:
        value = yson.loads(raw) if kind == "yson" else yson.loads_json(raw)
    except Exception as error:
        raise ClusterError(f"Error parsing command parameters: {error}") from error
    if not isinstance(value, dict):
        raise ClusterError("Command parameters must be a map")
    return value


def encoded(value: Yson, output_format: Yson) -> tuple[bytes, bytes]:
    """A structured value and its content type."""
    name = str(output_format)
    attributes = yson.attributes_of(output_format)
    if name == "yson":
        return yson.dumps(
            value, text=str(attributes.get("format", "binary")) != "binary"
        ), b"application/x-yt-yson-binary"
    return yson.dumps_json(value, bool(attributes.get("encode_utf8", True))), b"application/json"


def decoded(body: bytes, input_format: Yson) -> Yson:
    name = str(input_format)
    if name == "yson":
        return yson.loads(body)
    return yson.loads_json(body, bool(yson.attributes_of(input_format).get("encode_utf8", True)))


def header_value(value: Yson, header_format: str) -> bytes:
    if "yson" in header_format:
        return yson.dumps(value, text=True).replace(b"\n", b"")
    return yson.dumps_json(value)


def error_headers(error: ClusterError) -> Headers:
    """The same three whether they lead the answer or trail it."""
    text = json.dumps(error.as_dict(), default=str)
    return [
        (b"X-YT-Error", text.encode()),
        (b"X-YT-Response-Code", str(error.code).encode()),
        (b"X-YT-Response-Message", error.message.encode("ascii", "replace").replace(b"\n", b" ").replace(b"\r", b" ")),
    ]


class _Inflating(io.RawIOBase):
    """Decompresses while it is read."""

    def __init__(self, source: BinaryIO, decompress: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._source = source
        self._decompress = decompress
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        while not self._ready:
            piece = self._source.read(1 << 18)
            if not piece:
                return 0
            try:
                self._ready = memoryview(self._decompress(piece))
            except Exception as error:
                raise ClusterError(f"Error decompressing request body: {error}") from error
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def inflated(source: BinaryIO, encoding: str) -> io.BufferedReader:
    """A request body as it was before compression. What is labelled gzip may be zlib: the client sends that."""
    return io.BufferedReader(_Inflating(source, _decompressor(encoding)), 1 << 20)


def _decompressor(encoding: str) -> Callable[[bytes], bytes]:
    if encoding in ("", "identity"):
        return bytes
    if encoding in ("gzip", "deflate"):
        return zlib.decompressobj(47).decompress
    if encoding == "br":
        try:
            brotli = importlib.import_module("brotli")
        except ImportError:
            raise ClusterError('Content encoding "br" needs the package brotli here') from None
        decompressor = brotli.Decompressor()
        return lambda piece: bytes(decompressor.process(piece))
    raise ClusterError(f'Content encoding "{encoding}" is not supported')
