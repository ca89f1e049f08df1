"""The texts of a result table as seconds: what many lines at once give is what each would give by itself."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalq_billing.adapters.ytsaurus.day_seconds import DaySeconds, NotOfPeriod, day_seconds
from signalq_billing.adapters.ytsaurus.result import SCHEMA
from tests.unit.adapters.ytsaurus.test_result import line, statistics

SPRING = (86_400, 82_800, 86_400)
NUMBERS = st.one_of(st.integers(0, 90_000), st.sampled_from([0, 82_800, 82_801, 86_400, 86_401, 2**31, 2**63, 10**30]))
PARTS = st.one_of(
    NUMBERS.map(lambda number: b"%d" % number),
    st.sampled_from([b"", b"-1", b"+1", b" 1", b"1 ", b"0x1F", b"1.0", b"1_0", b"007", b"\xff", b"\xd9\xa1", b"a"]),
)
TEXTS = st.lists(PARTS, min_size=1, max_size=5).map(b",".join)
RIGHT = st.tuples(*(st.integers(0, most) for most in SPRING)).map(lambda days: b"%d,%d,%d" % days)


def decoded(texts: Sequence[bytes]) -> list[DaySeconds] | str:
    try:
        return list(day_seconds(pa.array(texts, pa.large_binary()), SPRING))
    except NotOfPeriod as error:
        return str(error)


@settings(deadline=None, max_examples=100)
@given(texts=st.lists(st.one_of(RIGHT, TEXTS), min_size=1, max_size=6))
def test_lines_together_are_read_as_each_by_itself(texts: list[bytes]) -> None:
    singly = [decoded([text]) for text in texts]
    wrong = next((each for each in singly if isinstance(each, str)), None)
    assert decoded(texts) == (wrong if wrong is not None else [days for each in singly for days in each])


@settings(deadline=None, max_examples=100)
@given(text=TEXTS)
def test_a_line_is_as_many_plain_numbers_as_there_are_days_and_none_longer_than_its_day(text: bytes) -> None:
    parts = text.split(b",")
    plain = len(parts) == len(SPRING) and all(part.isdigit() for part in parts)
    fits = plain and all(int(part) <= most for part, most in zip(parts, SPRING, strict=True))
    assert decoded([text]) == ([tuple(map(int, parts))] if fits else text.decode(errors="backslashreplace"))


@pytest.mark.parametrize("texts", [[b"1,2", b"1,2,3,4"], [b"1,2,3,4", b"1,2"]])
def test_days_that_one_line_lacks_are_not_made_up_by_another(texts: list[bytes]) -> None:
    assert decoded(texts) == texts[0].decode()


READ = """
import datetime as dt
import io
import sys

class Refused:
    def find_spec(self, name, *_):
        assert name != "pandas", "somebody asks for pandas"

sys.meta_path.insert(0, Refused())
import pyarrow as pa
from signalq_billing.adapters.ytsaurus.arrow import arrow_table
from signalq_billing.adapters.ytsaurus.result import SCHEMA, checked_result, parks
from signalq_billing.domain.period import Period

day = Period("daily", dt.date(2026, 11, 2), dt.date(2026, 11, 3), "UTC")
part = arrow_table(open(sys.argv[1], "rb").read(), SCHEMA, "//result")
print([each.park_id for each in parks(checked_result([part], "//result", io.BytesIO()), "//result", day)])
"""


def test_reading_a_result_never_loads_pandas_which_takes_longer_than_reading_it(tmp_path: Path) -> None:
    rows = [line("a", "x"), statistics(2), line("b", "y")]
    as_bytes = [
        {key: value.encode() if isinstance(value, str) else value for key, value in row.items()} for row in rows
    ]
    with pa.OSFile(str(tmp_path / "result"), "wb") as file, pa.ipc.new_stream(file, SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist(as_bytes, schema=SCHEMA))
    told = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "result")], capture_output=True, text=True, check=False
    )
    assert (told.stdout.strip(), told.stderr) == ("['a', 'b']", "")
