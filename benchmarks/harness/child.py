"""The process that one side runs in: prepares, says "ready", is told to run, says "done", is told to go on, ends."""

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    module, parameters, answer = importlib.import_module(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3])
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a side prints must not be taken for what is said here
    prepared: dict[str, Any] = {**parameters, **(_optional(module, "prepare", parameters) or {})}
    try:
        print("ready", file=said, flush=True)
        if not sys.stdin.readline():
            return
        began = time.perf_counter()
        found = module.run(**prepared)
        seconds = time.perf_counter() - began
        answer.write_text(json.dumps({"seconds": seconds, "answer": found}))
        print("done", file=said, flush=True)
        sys.stdin.readline()
    finally:
        _optional(module, "finish", prepared)


def _optional(module: Any, name: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401
    return getattr(module, name)(**parameters) if hasattr(module, name) else None


if __name__ == "__main__":
    main()
