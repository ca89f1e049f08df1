"""Service settings: environment variables with the prefix SIGNALQ_BILLING_, read once (SPEC section 10)."""

from datetime import timedelta
from functools import cache
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from signalq_billing.domain.submit_policy import SubmitPolicy
from signalq_billing.errors import UsageError


class Settings(BaseSettings):
    """Everything about how the service works that is no park's business. Times in seconds."""

    model_config = SettingsConfigDict(env_prefix="SIGNALQ_BILLING_", frozen=True)

    config: Path | None = Field(None, description="directory of cadences.yaml, source.yaml, tariffs.yaml, ...")
    lease_seconds: float = Field(600, gt=0, description="how long a claimed order belongs to its worker")
    http_timeout_seconds: float = Field(30, gt=0, description="total time of one call to billing-orders")
    submit_concurrency: int = Field(8, ge=1, le=64, description="orders of one task sent at once")
    submit_tries: int = Field(4, ge=1, description="calls per order before it is left to a later run")
    submit_patience_seconds: float = Field(30, ge=0, description="longest pause between two calls of one order")
    query_timeout_seconds: float = Field(7200, gt=0, description="longest time a query in YTsaurus may take")
    dependency_retries: int = Field(150, ge=0, description="tries of check_dependencies while a service is down")
    task_retries: int = Field(8, ge=0, description="tries of the other tasks")
    retry_delay_seconds: float = Field(30, gt=0, description="pause before the first retry of a task; it doubles")
    retry_max_delay_seconds: float = Field(600, gt=0, description="longest pause between retries of a task")
    watermark_poll_seconds: float = Field(60, gt=0, description="pause between two looks at the watermark")
    watermark_timeout_seconds: float = Field(86400, gt=0, description="how long a run waits for the watermark")
    reconcile_minutes: int = Field(15, ge=1, le=59, description="pause between two runs of signalq_reconcile")

    approval_poll_seconds: float = Field(20, gt=0, description="pause between two looks at a hold under approval")
    approvals_at_most: int = Field(100, ge=0, le=1000, description="holds a run asks about in Airflow; 0: none")

    adjust_window_periods: int = Field(4, ge=1, description="complete periods that signalq_adjust looks at")
    adjust_hour: int = Field(5, ge=0, le=23, description="hour of the day, UTC, in which signalq_adjust runs")
    compare_hour: int = Field(3, ge=0, le=23, description="hour of the day, UTC, in which signalq_compare runs")
    compare_days: float = Field(35, gt=0, description="how long ago changed periods are compared with billing-orders")

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
        )


@cache
def settings() -> Settings:
    """The settings of this process, read at the first call. Raises UsageError for a value that is none."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [f"SIGNALQ_BILLING_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()]
        raise UsageError("settings from the environment are wrong:\n" + "\n".join(wrong)) from None
