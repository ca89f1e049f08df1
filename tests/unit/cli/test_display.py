"""Tables show ids as they are, whatever they look like."""

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from signalq_billing.cli.display import print_json, print_payouts
from signalq_billing.domain.charge import Standard
from signalq_billing.domain.compute import compute_payout
from tests.unit.domain.builders import config, device, period


def test_ids_that_look_like_markup_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    odd = config(Standard(Decimal(1)), park_id="park[red]:cat:")
    print_payouts([compute_payout(odd, period(), [device(days=2)])])
    assert "park[red]:cat:" in capsys.readouterr().out


@pytest.mark.parametrize("count", [0, 1, 3])
def test_what_is_printed_item_by_item_looks_like_a_list(capsys: pytest.CaptureFixture[str], count: int) -> None:
    items = [{"park_id": f"park-{number}", "камера": []} for number in range(count)]
    print_json({"before": 1, "parks": iter(items), "after": None})
    expected = json.dumps({"before": 1, "parks": items, "after": None}, ensure_ascii=False, indent=2)
    assert capsys.readouterr().out == f"{expected}\n"


def test_nothing_is_printed_of_a_document_that_fails_on_its_way(capsys: pytest.CaptureFixture[str]) -> None:
    def items() -> Iterator[int]:
        yield from range(1000)
        raise LookupError

    with pytest.raises(LookupError):
        print_json({"items": items()})
    assert capsys.readouterr().out == ""
