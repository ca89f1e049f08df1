"""Tables: rows in and out, schemas, ranges, columns and formats."""

import io
import json
from typing import Any

import pyarrow as pa
import pytest
import yt.yson as yson
from yt.wrapper import JsonFormat, TablePath, YsonFormat, YtResponseError

from tests.contract.ytsaurus.conftest import EVENTS, Cluster, arrow_columns, arrow_streams

NUMBERED = [{"name": "n", "type": "int64"}, {"name": "s", "type": "string"}]


def numbered(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"n": number, "s": f"row {number}"} for number in range(start, start + count)]


def test_rows_come_back_in_the_order_they_were_written(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(1000), NUMBERED)
    assert cluster.rows(path) == numbered(1000)


def test_a_write_replaces_and_an_append_adds(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(3), NUMBERED)
    cluster.client.write_table(path, numbered(2))
    assert cluster.rows(path) == numbered(2)
    cluster.client.write_table(TablePath(path, append=True), numbered(2, start=2))
    assert cluster.rows(path) == numbered(4)


def test_a_table_that_is_not_there_is_made_by_writing(cluster: Cluster) -> None:
    path = cluster.path("made")
    cluster.client.write_table(TablePath(path, schema=NUMBERED), numbered(2))
    assert cluster.rows(path) == numbered(2)
    assert cluster.client.get(f"{path}/@schema_mode") == "strong"


def test_reading_what_is_not_there_is_a_resolve_error(cluster: Cluster) -> None:
    with pytest.raises(YtResponseError) as caught:
        cluster.rows(cluster.path("nothing"))
    assert caught.value.is_resolve_error()


def test_ranges_choose_rows(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(10), NUMBERED)
    assert cluster.rows(TablePath(path, start_index=3, end_index=5)) == numbered(2, start=3)
    assert cluster.rows(TablePath(path, start_index=8)) == numbered(2, start=8)
    assert cluster.rows(TablePath(path, exact_index=7)) == numbered(1, start=7)
    assert cluster.rows(f"{path}[#1:#3]") == numbered(2, start=1)
    assert cluster.rows(TablePath(path, start_index=5, end_index=500)) == numbered(5, start=5)
    assert cluster.rows(TablePath(path, start_index=50)) == []


def test_several_ranges_come_in_the_order_asked_for(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(10), NUMBERED)
    ranges = [
        {"lower_limit": {"row_index": 7}, "upper_limit": {"row_index": 9}},
        {"lower_limit": {"row_index": 0}, "upper_limit": {"row_index": 1}},
    ]
    client = cluster.another_client(read_retries={"enable": False})
    assert cluster.rows(TablePath(path, ranges=ranges), client) == [*numbered(2, start=7), *numbered(1)]


def test_columns_choose_values(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(2), NUMBERED)
    assert cluster.rows(TablePath(path, columns=["s"])) == [{"s": "row 0"}, {"s": "row 1"}]
    assert cluster.rows(f"{path}{{n}}[#1:#2]") == [{"n": 1}]


def test_response_parameters_tell_where_the_reading_starts(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(10), NUMBERED)
    told: dict[str, Any] = {}
    list(cluster.client.read_table(TablePath(path, start_index=4, end_index=6), response_parameters=told))
    assert told["start_row_index"] == 4
    assert told["approximate_row_count"] == 2


def test_control_attributes_number_the_rows(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(10), NUMBERED)
    rows = cluster.client.read_table(
        TablePath(path, start_index=4, end_index=6),
        format=YsonFormat(control_attributes_mode="row_fields"),
        control_attributes={"enable_row_index": True, "enable_range_index": True},
    )
    assert [(row["@row_index"], row["@range_index"], row["n"]) for row in rows] == [(4, 0, 4), (5, 0, 5)]


@pytest.mark.parametrize("flavour", ["binary", "text", "pretty"])
def test_yson_of_every_flavour_is_written_and_read(cluster: Cluster, flavour: str) -> None:
    form = YsonFormat(format=flavour)
    path = cluster.table("t", schema=NUMBERED)
    cluster.client.write_table(path, numbered(3), format=form)
    assert [dict(row) for row in cluster.client.read_table(path, format=form)] == numbered(3)


def test_json_is_written_and_read(cluster: Cluster) -> None:
    path = cluster.table("t", schema=NUMBERED)
    rows = [{"n": 1, "s": "парк 🚕"}, {"n": None, "s": None}]
    cluster.client.write_table(path, rows, format=JsonFormat())
    assert cluster.rows(path) == rows
    assert [dict(row) for row in cluster.client.read_table(path, format=JsonFormat())] == rows
    raw = cluster.client.read_table(path, format=JsonFormat(encode_utf8=False), raw=True).read()
    assert json.loads(raw.splitlines()[0]) == rows[0]


def test_strings_may_hold_any_bytes(cluster: Cluster) -> None:
    path = cluster.table("t", schema=[{"name": "s", "type": "string"}])
    odd = [{b"s": bytes(range(256))}, {b"s": b""}, {b"s": b"\xff\x00"}]
    bare = YsonFormat(encoding=None)
    cluster.client.write_table(path, odd, format=bare)
    assert [{b"s": row[b"s"]} for row in cluster.client.read_table(path, format=bare)] == odd


def test_uint64_keeps_its_kind_and_its_range(cluster: Cluster) -> None:
    path = cluster.table("t", schema=[{"name": "u", "type": "uint64"}])
    cluster.client.write_table(path, [{"u": yson.YsonUint64(2**64 - 1)}, {"u": 777}])
    rows = cluster.rows(path)
    assert [row["u"] for row in rows] == [2**64 - 1, 777]
    raw = cluster.client.read_table(path, format=YsonFormat(format="text"), raw=True).read()
    assert b"777u" in raw


def test_a_null_is_read_as_a_null(cluster: Cluster) -> None:
    path = cluster.table("t", [{"n": 1}, {"n": None, "s": "x"}], NUMBERED)
    assert cluster.rows(path) == [{"n": 1, "s": None}, {"n": None, "s": "x"}]


@pytest.mark.parametrize(
    "row",
    [
        {"park_id": "p", "status": None, "status_at": 1},
        {"park_id": "p", "status_at": 1},
        {"park_id": 5, "status": "on", "status_at": 1},
        {"park_id": "p", "status": "on", "status_at": "1"},
        {"park_id": "p", "status": "on", "status_at": -1},
        {"park_id": "p", "status": "on", "status_at": 1, "unknown": 1},
        {"park_id": "p", "status": "on", "status_at": 1.5},
    ],
)
def test_what_the_schema_does_not_allow_is_refused_whole(cluster: Cluster, row: dict[str, Any]) -> None:
    path = cluster.table("t", [{"park_id": "p", "status": "on", "status_at": 1}], EVENTS)
    with pytest.raises(YtResponseError) as caught:
        cluster.client.write_table(
            TablePath(path, append=True), [{"park_id": "q", "status": "on", "status_at": 2}, row]
        )
    assert caught.value.contains_code(307)
    assert cluster.client.get(f"{path}/@row_count") == 1


def test_utf8_columns_take_only_utf8(cluster: Cluster) -> None:
    path = cluster.table("t", schema=[{"name": "s", "type": "utf8"}])
    with pytest.raises(YtResponseError):
        cluster.client.write_table(path, [{b"s": b"\xff"}], format=YsonFormat(encoding=None))


def test_a_table_without_a_schema_takes_any_rows(cluster: Cluster) -> None:
    rows = [{"a": 1}, {"a": "two", "b": None}, {"c": {"deep": [1.5, True]}}, {}]
    path = cluster.table("t", rows)
    assert cluster.rows(path) == rows
    assert cluster.client.get(f"{path}/@schema_mode") == "weak"


def test_any_columns_hold_structures(cluster: Cluster) -> None:
    path = cluster.table("t", [{"x": {"a": [1, "b"]}}, {"x": 5}, {"x": None}], [{"name": "x", "type": "any"}])
    assert cluster.rows(path) == [{"x": {"a": [1, "b"]}}, {"x": 5}, {"x": None}]


def test_composite_types_are_checked_and_read_back(cluster: Cluster) -> None:
    schema = [{"name": "l", "type_v3": {"type_name": "list", "item": "int64"}}]
    path = cluster.table("t", [{"l": [1, 2]}, {"l": []}], schema)
    assert cluster.rows(path) == [{"l": [1, 2]}, {"l": []}]
    with pytest.raises(YtResponseError):
        cluster.client.write_table(path, [{"l": ["x"]}])


def test_sorted_tables_refuse_what_is_out_of_order(cluster: Cluster) -> None:
    schema = [{"name": "k", "type": "int64", "sort_order": "ascending"}, {"name": "v", "type": "string"}]
    path = cluster.table("t", [{"k": 1, "v": "a"}, {"k": 3, "v": "b"}], schema)
    for rows in ([{"k": 5}, {"k": 4}], [{"k": 2}]):
        with pytest.raises(YtResponseError) as caught:
            cluster.client.write_table(TablePath(path, append=True), rows)
        assert caught.value.is_sorting_order_violated()
    cluster.client.write_table(TablePath(path, append=True), [{"k": 3, "v": "c"}])
    assert cluster.client.get(f"{path}/@sorted_by") == ["k"]
    assert [row["v"] for row in cluster.rows(TablePath(path, lower_key=[3]))] == ["b", "c"]
    assert [row["v"] for row in cluster.rows(TablePath(path, upper_key=[3]))] == ["a"]
    assert [row["v"] for row in cluster.rows(TablePath(path, exact_key=[1]))] == ["a"]


def test_a_schema_grows_by_optional_columns_only(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(1), NUMBERED)
    cluster.client.alter_table(path, [*NUMBERED, {"name": "extra", "type": "double"}])
    assert cluster.rows(path) == [{"n": 0, "s": "row 0", "extra": None}]
    for schema in (NUMBERED[:1], [*NUMBERED, {"name": "must", "type": "double", "required": True}]):
        with pytest.raises(YtResponseError):
            cluster.client.alter_table(path, schema)


def test_concatenation_joins_tables_in_order(cluster: Cluster) -> None:
    one, two = cluster.table("1", numbered(2), NUMBERED), cluster.table("2", numbered(1, start=2), NUMBERED)
    cluster.client.concatenate([one, two], cluster.path("all"))
    assert cluster.rows(cluster.path("all")) == numbered(3)


def test_arrow_carries_every_row_whatever_the_streams_look_like(cluster: Cluster) -> None:
    rows = [
        {"park_id": f"p{n % 3}" if n % 5 else None, "status": "on", "status_at": 1_700_000_000_000_000 + n}
        for n in range(500)
    ]
    path = cluster.table("t", rows[:300], EVENTS)
    cluster.client.write_table(TablePath(path, append=True), rows[300:])
    client = cluster.another_client(read_retries={"enable": False})
    found = arrow_columns(client.read_table(path, format="arrow", raw=True).read())
    assert found["park_id"] == [row["park_id"] and str(row["park_id"]).encode() for row in rows]
    assert found["status"] == ["on"] * 500
    micros = pa.array(found["status_at"], pa.timestamp("us")).cast(pa.int64()).to_pylist()
    assert micros == [row["status_at"] for row in rows]


def test_arrow_of_some_rows_and_columns(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(100), NUMBERED)
    client = cluster.another_client(read_retries={"enable": False})
    part = TablePath(path, columns=["n"], start_index=40, end_index=42)
    assert arrow_columns(client.read_table(part, format="arrow", raw=True).read()) == {"n": [40, 41]}


def test_arrow_of_an_empty_table_has_no_rows(cluster: Cluster) -> None:
    path = cluster.table("t", schema=NUMBERED)
    client = cluster.another_client(read_retries={"enable": False})
    data = client.read_table(path, format="arrow", raw=True).read()
    assert sum(table.num_rows for table in arrow_streams(data)) == 0


@pytest.mark.usefixtures("stand_in")
def test_the_stand_in_shows_arrow_at_its_most_awkward(cluster: Cluster) -> None:
    rows = [{"a_first": n, "z_last": "same", "middle": n} for n in range(100)]
    schema = [{"name": name, "type": "string" if name == "z_last" else "int64"} for name in rows[0]]
    path = cluster.table("t", rows, schema)
    empty = cluster.table("empty", schema=schema)
    client = cluster.another_client(read_retries={"enable": False})
    streams = arrow_streams(client.read_table(path, format="arrow", raw=True).read())
    assert len(streams) > 1
    assert len({str(stream.schema) for stream in streams}) > 1
    assert any(pa.types.is_dictionary(field.type) for stream in streams for field in stream.schema)
    assert streams[0].column_names != list(rows[0])
    assert len(client.read_table(empty, format="arrow", raw=True).read()) <= 8


def test_arrow_is_written_in_several_streams_with_dictionaries(cluster: Cluster) -> None:
    path, sink = cluster.table("t", schema=EVENTS), io.BytesIO()
    first = pa.table({"park_id": [b"p", None], "status": ["on", "off"], "status_at": pa.array([1, 2], pa.uint64())})
    second = pa.table(
        {
            "status_at": pa.array([3], pa.timestamp("us")),
            "status": ["on"],
            "park_id": pa.array([b"q"]).dictionary_encode(),
        }
    )
    for table in (first, second):
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    cluster.client.write_table(path, sink.getvalue(), format="arrow", raw=True)
    assert cluster.rows(path) == [
        {"park_id": "p", "status": "on", "status_at": 1},
        {"park_id": None, "status": "off", "status_at": 2},
        {"park_id": "q", "status": "on", "status_at": 3},
    ]


def test_garbage_is_refused(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(1), NUMBERED)
    client = cluster.another_client(write_retries={"enable": False})  # or the client itself looks at the rows
    for form, data in (
        ("yson", b"{n=1"),
        ("json", b'{"n": '),
        ("arrow", b"not arrow at all, not at all"),
        ("yson", b"5;"),
    ):
        with pytest.raises(YtResponseError):
            client.write_table(path, io.BytesIO(data), format=form, raw=True)
    assert cluster.rows(path) == numbered(1)


def test_a_parallel_read_gives_all_rows(cluster: Cluster) -> None:
    path = cluster.table("t", numbered(1000), NUMBERED)
    client = cluster.another_client(read_parallel={"enable": True, "data_size_per_thread": 1000})
    assert sorted(row["n"] for row in client.read_table(path)) == list(range(1000))
