#!/usr/bin/env bash
# Brings both databases to the versions the image needs and writes Airflow's login. Safe to run again.
set -euo pipefail

airflow db migrate
signalq-billing db upgrade
signalq-billing db grant --to signalq_service

python - <<'PYTHON'
import json, os, pathlib

passwords = pathlib.Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
passwords.touch(mode=0o600)
passwords.write_text(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}) + "\n")
PYTHON
