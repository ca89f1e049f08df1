"""The database's version: which one it has, which one this code needs, and how to get from one to the other."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text

from signalq_billing.adapters.postgres.transaction import transaction
from signalq_billing.errors import MigrationsMissing

if TYPE_CHECKING:
    from alembic.config import Config

NEEDED_VERSION = "0007"  # written down, so that running needs neither alembic nor the migrations at hand
MIGRATIONS_SETTING = "SIGNALQ_BILLING_MIGRATIONS"


def migrations_directory() -> Path:
    """Where the migrations are: as the setting says, else in the checkout. Raises MigrationsMissing."""
    named = os.environ.get(MIGRATIONS_SETTING)
    directory = Path(named) if named else Path(__file__).resolve().parents[3] / "migrations"
    if not (directory / "env.py").is_file():
        raise MigrationsMissing(
            f"no migrations in {directory}: set {MIGRATIONS_SETTING} to the directory that has them"
        )
    return directory


def head_version() -> str:
    """The version the migrations lead to."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - heavy, and only needed here

    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "a checkout has at least one migration"
    return head


def current_version(engine: Engine) -> str | None:
    """The version the database is at; None for an empty one. Raises StorageUnavailable."""
    with transaction(engine) as connection:
        if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return None
        version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return version


def check_version(engine: Engine) -> None:
    """Raises MigrationsMissing unless the database is at the version this code needs, StorageUnavailable."""
    current = current_version(engine)
    if current != NEEDED_VERSION:
        raise MigrationsMissing(
            f"the signalq_billing database is at version {current or 'none'} and this code needs {NEEDED_VERSION}: "
            f"run `signalq-billing db upgrade`"
        )


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring the database up to this code's version; does nothing if it is there. Safe to run twice at once."""
    from alembic import command  # noqa: PLC0415 - heavy, and only needed here

    with transaction(engine) as connection:
        command.upgrade(_config(connection), to)


def downgrade(engine: Engine, to: str) -> None:
    """Take the database back to an older version; `base` drops every table of ours and all they hold."""
    from alembic import command  # noqa: PLC0415 - heavy, and only needed here

    with transaction(engine) as connection:
        command.downgrade(_config(connection), to)


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - heavy, and only needed here

    config = Config()
    config.set_main_option("script_location", str(migrations_directory()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
