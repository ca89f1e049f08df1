"""The config directory: YAML files to the domain's values, with every problem told by file, line, park and field.

`load_cadences` is for DAG files and imports little; the rest is imported when called.
"""

from pathlib import Path

from signalq_billing.adapters.config_files.cadences import load_cadences
from signalq_billing.domain.configs import Configs, ServiceConfig

__all__ = ["Configs", "ServiceConfig", "load", "load_cadences", "load_kill_switch", "load_service_config"]


def load(directory: Path | str) -> Configs:
    """Everything in the directory. Raises ConfigInvalid with all problems of all files."""
    from signalq_billing.adapters.config_files import directory as whole  # noqa: PLC0415 - not when DAGs are parsed

    return whole.load(directory)


def load_service_config(directory: Path | str) -> ServiceConfig:
    """Cadences, source and guards alone, for a run. Raises ConfigInvalid with all problems of these files."""
    from signalq_billing.adapters.config_files import directory as whole  # noqa: PLC0415 - not when DAGs are parsed

    return whole.load_service_config(directory)


def load_kill_switch(directory: Path | str) -> bool:
    """The `kill_switch` of guards.yaml at this moment. Raises ConfigInvalid with all problems of that file."""
    from signalq_billing.adapters.config_files import directory as whole  # noqa: PLC0415 - not when DAGs are parsed

    return whole.load_kill_switch(directory)
