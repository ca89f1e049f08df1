#!/usr/bin/env bash
# Two databases on one server, each with an owner of its own; signalq_billing has a role besides that the service runs
# as, and that `db grant` lets in. Runs once, when the server's volume is new.
set -euo pipefail

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set airflow_password="$AIRFLOW_DB_PASSWORD" --set owner_password="$SIGNALQ_BILLING_DB_OWNER_PASSWORD" \
    --set service_password="$SIGNALQ_BILLING_DB_PASSWORD" <<'SQL'
CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE DATABASE airflow OWNER airflow;
-- What a killed scheduler had locked is free again after this, even while workers of its own keep its connection open.
ALTER DATABASE airflow SET idle_in_transaction_session_timeout = '60s';
CREATE ROLE signalq_billing LOGIN PASSWORD :'owner_password';
CREATE ROLE signalq_service LOGIN PASSWORD :'service_password';
CREATE DATABASE signalq_billing OWNER signalq_billing;
REVOKE CONNECT ON DATABASE airflow, signalq_billing FROM PUBLIC;
SQL
