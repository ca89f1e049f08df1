"""Service settings: environment variables with the prefix SIGNALQ_BILLING_, read once (SPEC section 10)."""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from signalq_billing.domain.submit_policy import SubmitPolicy
from signalq_billing.domain.telling import Patience
from signalq_billing.errors import UsageError

if TYPE_CHECKING:
    from signalq_billing.services.watching.findings import Limits


class Settings(BaseSettings):
    """Everything about how the service works that is no park's business. Times in seconds."""

    model_config = SettingsConfigDict(env_prefix="SIGNALQ_BILLING_", frozen=True)

    config: Path | None = Field(None, description="directory of cadences.yaml, source.yaml, tariffs.yaml, ...")
    lease_seconds: float = Field(600, gt=0, description="how long a claimed order belongs to its worker")
    http_timeout_seconds: float = Field(30, gt=0, description="total time of one call to billing-orders")
    submit_tasks: int = Field(
        16, ge=1, le=1000, description="tasks that a run's parks are cut into; up to twice as many parks get one each"
    )
    submit_concurrency: int = Field(8, ge=1, le=64, description="orders of one task claimed and called at once")
    submit_tries: int = Field(4, ge=1, description="calls per order before it is left to a later run")
    submit_patience_seconds: float = Field(30, ge=0, description="longest pause between two calls of one order")
    query_timeout_seconds: float = Field(7200, gt=0, description="longest time a query in YTsaurus may take")
    dependency_retries: int = Field(150, ge=0, description="tries of check_dependencies while a service is down")
    task_retries: int = Field(8, ge=0, description="tries of the other tasks")
    retry_delay_seconds: float = Field(30, gt=0, description="pause before the first retry of a task; it doubles")
    retry_max_delay_seconds: float = Field(600, gt=0, description="longest pause between retries of a task")
    watermark_poll_seconds: float = Field(60, gt=0, description="pause between two looks at the watermark")
    watermark_timeout_seconds: float = Field(86400, gt=0, description="how long a run waits for the watermark")
    pool: str = Field("default_pool", min_length=1, description="Airflow's pool that submit tasks run in")
    reconcile_minutes: int = Field(15, ge=1, le=59, description="pause between two runs of signalq_reconcile")

    approval_poll_seconds: float = Field(20, gt=0, description="pause between two looks at a hold under approval")
    approvals_at_most: int = Field(100, ge=0, le=1000, description="holds a run asks about in Airflow; 0: none")

    adjust_window_periods: int = Field(4, ge=1, description="complete periods that signalq_adjust looks at")
    adjust_hour: int = Field(5, ge=0, le=23, description="hour of the day, UTC, in which signalq_adjust runs")
    compare_hour: int = Field(3, ge=0, le=23, description="hour of the day, UTC, in which signalq_compare runs")
    compare_days: float = Field(35, gt=0, description="how long ago changed periods are compared with billing-orders")

    deadline_minutes: float = Field(
        180,
        gt=0,
        description="from when a run is due (period end + settle_minutes) until it is late, by default",
    )
    watch_minutes: int = Field(10, ge=1, le=59, description="pause between two runs of signalq_watch")
    watch_timeout_seconds: float = Field(20, gt=0, description="how long a look waits for one service")
    watermark_lag_seconds: float = Field(3600, gt=0, description="how far status_history may be behind unalerted")
    unknown_outcome_seconds: float = Field(3600, gt=0, description="how long an order may stay unknown unalerted")
    alert_pause_seconds: float = Field(14400, gt=0, description="nothing is told again sooner, unless it got worse")
    notifier_webhook: str | None = Field(None, description="connection id: alerts are posted there as JSON")
    notifier_email: str = Field("", description="addresses alerts are sent to, with commas between")
    notifier_email_connection: str = Field("smtp_default", description="connection id of the mail server")
    notifier_airflow: str | None = Field(None, description="import path of an Airflow notifier that is told alerts")
    notifier_airflow_kwargs: SecretStr = Field(SecretStr("{}"), description="its arguments as JSON, templates allowed")
    airflow_url: str | None = Field(None, description="address of Airflow's UI, for links, and for watch to look at")
    runbook_url: str | None = Field(None, description="address of the pages of docs/runbook, for links")

    @property
    def config_directory(self) -> Path:
        """The directory of configs. Raises UsageError when none is set or it is not there."""
        if self.config is None:
            raise UsageError("SIGNALQ_BILLING_CONFIG is not set: name the directory that holds cadences.yaml")
        if not self.config.is_dir():
            raise UsageError(f"SIGNALQ_BILLING_CONFIG names {self.config}, which is not a directory")
        return self.config

    @property
    def submit_policy(self) -> SubmitPolicy:
        """How hard to try with billing-orders."""
        return SubmitPolicy(
            lease=timedelta(seconds=self.lease_seconds),
            concurrency=self.submit_concurrency,
            tries=self.submit_tries,
            patience=self.submit_patience_seconds,
            call=timedelta(seconds=self.http_timeout_seconds),
        )

    @property
    def limits(self) -> "Limits":
        """From when on something is worth an alert."""
        from signalq_billing.services.watching.findings import Limits  # noqa: PLC0415 - not needed to parse DAGs

        return Limits(
            deadline=timedelta(minutes=self.deadline_minutes),
            unknown_after=timedelta(seconds=self.unknown_outcome_seconds),
            lag=timedelta(seconds=self.watermark_lag_seconds),
            seconds=self.watch_timeout_seconds,
        )

    @property
    def patience(self) -> Patience:
        """How often somebody is told the same."""
        return Patience(pause=timedelta(seconds=self.alert_pause_seconds))

    @property
    def email_addresses(self) -> tuple[str, ...]:
        """Whom alerts are mailed to."""
        return tuple(each.strip() for each in self.notifier_email.split(",") if each.strip())


@cache
def settings() -> Settings:
    """The settings of this process, read at the first call. Raises UsageError for a value that is none."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [f"SIGNALQ_BILLING_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()]
        raise UsageError("settings from the environment are wrong:\n" + "\n".join(wrong)) from None
