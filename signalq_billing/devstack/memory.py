"""What a stack remembers between starts: its ports, its secrets and what it was last started with (mode 0600)."""

import json
import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

from signalq_billing.devstack.local_ports import choose


class Memory:
    """A small JSON file, written whole and atomically at each change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def get(self, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
        return self._values.get(name)

    def put(self, name: str, value: Any) -> None:  # noqa: ANN401
        if self._values.get(name) == value:
            return
        self._values[name] = value
        partial = self._path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(self._values, file, indent=1)
        partial.replace(self._path)

    def secret(self, name: str) -> str:
        """A random password or token, made up once; letters and digits alone, so that no command line mistakes it."""
        return self._once(f"secret.{name}", lambda: secrets.token_hex(16))

    def fernet_key(self) -> str:
        return self._once("secret.fernet", lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode())

    def port(self, name: str) -> int:
        """The remembered port of a program, chosen if there is none."""
        return int(self._once(f"port.{name}", lambda: str(choose(name, self._taken()))))

    def forget_port(self, name: str) -> None:
        self.put(f"port.{name}", None)

    def _taken(self) -> set[int]:
        return {int(value) for name, value in self._values.items() if name.startswith("port.") and value}

    def _once(self, name: str, make: Any) -> str:  # noqa: ANN401
        if not self.get(name):
            self.put(name, make())
        return str(self.get(name))
