"""What is stored, listed: `status --json` and the register of a period."""

import sys
from typing import Any

from benchmarks.memory.printing import Digest
from benchmarks.store.fleet import PERIOD
from signalq_billing.adapters.postgres.engine import make_engine
from signalq_billing.adapters.postgres.payout_store import PostgresPayoutStore
from signalq_billing.cli.display import print_json
from signalq_billing.cli.documents import payout_document
from signalq_billing.services.export import export


def run(database_url: str, what: str) -> dict[str, Any]:
    """List it."""
    engine = make_engine(database_url)
    store = PostgresPayoutStore(engine)
    sys.stdout = said = Digest()
    if what == "status":
        print_json({"payouts": map(payout_document, store.each_payout(PERIOD.cadence, PERIOD.name))})
    else:
        said.write(str(export(store, PERIOD.cadence, PERIOD.name).totals))
    sys.stdout = sys.__stdout__
    engine.dispose()
    return {"characters": said.characters, "sha256": said.sum.hexdigest()}
