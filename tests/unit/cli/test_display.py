"""Tables show ids as they are, whatever they look like."""

from decimal import Decimal

import pytest

from signalq_billing.cli.display import print_payouts
from signalq_billing.domain.charge import Standard
from signalq_billing.domain.compute import compute_payout
from tests.unit.domain.builders import config, device, period


def test_ids_that_look_like_markup_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    odd = config(Standard(Decimal(1)), park_id="park[red]:cat:")
    print_payouts([compute_payout(odd, period(), [device(days=2)])])
    assert "park[red]:cat:" in capsys.readouterr().out
