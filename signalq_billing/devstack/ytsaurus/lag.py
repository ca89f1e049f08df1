"""The replica that lags behind: reads of committed tables answered from an earlier state, when told to."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from signalq_billing.devstack.ytsaurus import clock

if TYPE_CHECKING:
    from signalq_billing.devstack.ytsaurus.view import Version, View

HISTORY_SECONDS = 3600.0


class Lag:
    """Either `seconds` behind or `frozen_at` an instant; for one path or for all tables."""

    def __init__(self, seconds: float = 0.0, frozen_at: float | None = None, path: str | None = None) -> None:
        self.seconds = seconds
        self.frozen_at = frozen_at
        self.path = path

    @property
    def active(self) -> bool:
        return bool(self.seconds) or self.frozen_at is not None

    def applied(self, view: "View", version: "Version") -> "Version":
        """The version as it was; a table that is younger than that is shown empty, as a replica would."""
        if not self.active or version.type != "table" or (self.path and view.path_of(version) != self.path):
            return version
        cutoff = self.frozen_at if self.frozen_at is not None else clock.now() - self.seconds
        row = view.database.row(
            "SELECT state FROM history WHERE node = ? AND at <= ? ORDER BY at DESC, rowid DESC LIMIT 1",
            version.id,
            cutoff,
        )
        state = json.loads(str(row[0])) if row else {**version.state, "chunks": []}
        return replace(version, state=state)
