"""From a result table to `preview --json`."""

import hashlib
import io
import sys
from dataclasses import replace

from benchmarks.memory.ground import source
from benchmarks.store.fleet import Fleet
from signalq_billing.cli.display import print_json
from signalq_billing.cli.documents import preview_document
from signalq_billing.services.compute import payouts_of
from signalq_billing.services.preview import Preview


class Digest(io.TextIOBase):
    """Standard output that remembers how much was written, and what it amounts to."""

    def __init__(self) -> None:
        self.characters, self.sum = 0, hashlib.sha256()

    def write(self, text: str) -> int:
        self.characters += len(text)
        self.sum.update(text.encode())
        return len(text)


def run(proxy: str, table: str, parks: int, devices: int) -> dict[str, object]:
    """Print what a preview prints."""
    fleet = Fleet(parks, devices)
    configs = fleet.configs()
    snapshot = replace(fleet.snapshot(configs), result_table=table)
    sys.stdout = said = Digest()
    print_json(preview_document(Preview(snapshot, payouts_of(snapshot, configs, source(proxy)))))
    sys.stdout = sys.__stdout__
    return {"characters": said.characters, "sha256": said.sum.hexdigest()}
