"""What went wrong, as a page for the one who has to mend it."""

from fastapi import FastAPI


def install(app: FastAPI) -> None:
    """Have our errors shown as pages."""
