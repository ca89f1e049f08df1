"""The Payouts page: what was paid, what was not, why, and what to do. Served inside Airflow's UI; knows no Airflow."""
