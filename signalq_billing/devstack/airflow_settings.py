"""Airflow's settings in the local stack: one PostgreSQL, the local executor, two cores' worth of processes."""

import json
from pathlib import Path

from signalq_billing.devstack import postgres
from signalq_billing.devstack.home import PROJECT, Home
from signalq_billing.devstack.local_ports import HOST
from signalq_billing.devstack.memory import Memory

LOGIN, VIEWER = "admin", "viewer"  # whoever may do everything, and whoever may only look
DATABASE = "airflow"
_LOCAL_SETTINGS = PROJECT / "docker" / "airflow" / "airflow_local_settings.py"
_LOCAL_FOLDER = "airflow.dag_processing.bundles.local.LocalDagBundle"


def url(home: Home) -> str:
    """The SQLAlchemy URL of Airflow's metadata database."""
    memory = Memory(home.memory)
    password = postgres.password_of(home.postgres)
    return f"postgresql+psycopg2://{postgres.SUPERUSER}:{password}@{HOST}:{memory.port('postgres')}/{DATABASE}"


def api_url(memory: Memory) -> str:
    return f"http://{HOST}:{memory.port('api-server')}"


def write_files(home: Home, memory: Memory) -> None:
    """The password file of the simple auth manager and the module imported before forking."""
    passwords = _passwords_file(home)
    known = json.loads(passwords.read_text()) if passwords.exists() else {}
    passwords.touch(mode=0o600)
    ours = {LOGIN: memory.secret("airflow"), VIEWER: memory.secret("airflow-viewer")}
    passwords.write_text(json.dumps({**ours, **known}) + "\n")
    local_settings = home.airflow / "config" / "airflow_local_settings.py"
    local_settings.parent.mkdir(exist_ok=True)
    local_settings.write_text(_LOCAL_SETTINGS.read_text())


def _passwords_file(home: Home) -> Path:
    return home.airflow / "passwords.json"


def variables(home: Home, memory: Memory) -> dict[str, str]:
    """`AIRFLOW_HOME` and every `AIRFLOW__SECTION__KEY`."""
    sections: dict[str, dict[str, object]] = {
        "core": _core(home, memory),
        "database": {"sql_alchemy_conn": url(home), "sql_alchemy_pool_size": 5},
        "api": {
            "host": HOST,
            "port": memory.port("api-server"),
            "base_url": api_url(memory),
            "workers": 1,
            "secret_key": memory.secret("api"),
            "instance_name": "signalq-billing (local stack)",
        },
        "api_auth": {"jwt_secret": memory.secret("jwt") * 3},
        "scheduler": {
            "scheduler_idle_sleep_time": 0.3,
            "task_instance_heartbeat_sec": 10,
            "orphaned_tasks_check_interval": 30,
            "enable_health_check": False,
            "max_tis_per_query": 32,
        },
        "dag_processor": {
            "min_file_process_interval": 60,
            "refresh_interval": 60,
            "parsing_processes": 1,
            "dag_bundle_config_list": json.dumps(_bundles(home)),
        },
        "logging": {"base_log_folder": home.airflow / "logs", "colored_console_log": False},
        "triggerer": {"capacity": 100},
    }
    named = {
        f"AIRFLOW__{section.upper()}__{key.upper()}": str(value)
        for section, settings in sections.items()
        for key, value in settings.items()
    }
    return {"AIRFLOW_HOME": str(home.airflow), **named}


def _bundles(home: Home) -> list[dict[str, object]]:
    """Where DAG files are: ours and, where there is such a directory, those that a person has put into `dags` of the
    stack's data."""
    folders = {"dags-folder": PROJECT / "dags"} | ({"own-dags": home.own_dags} if home.own_dags.is_dir() else {})
    return [
        {"name": name, "classpath": _LOCAL_FOLDER, "kwargs": {"path": str(folder)}} for name, folder in folders.items()
    ]


def _core(home: Home, memory: Memory) -> dict[str, object]:
    return {
        "executor": "LocalExecutor",
        "parallelism": 8,
        "load_examples": False,
        "dags_folder": PROJECT / "dags",
        "plugins_folder": PROJECT / "plugins",
        "fernet_key": memory.fernet_key(),
        "execution_api_server_url": f"{api_url(memory)}/execution/",
        "simple_auth_manager_users": f"{LOGIN}:admin,{VIEWER}:viewer",
        "simple_auth_manager_passwords_file": _passwords_file(home),
    }
