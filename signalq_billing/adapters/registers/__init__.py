"""Registers as files: written as CSV, XLSX or JSON, and read back from whatever a spreadsheet made of them."""

from collections.abc import Callable, Mapping

from signalq_billing.adapters.registers.csv_file import csv_bytes
from signalq_billing.adapters.registers.json_file import json_bytes
from signalq_billing.adapters.registers.reading import parse_register, read_register
from signalq_billing.adapters.registers.xlsx_file import xlsx_bytes
from signalq_billing.domain.register import Register

FORMATS: Mapping[str, Callable[[Register], bytes]] = {"csv": csv_bytes, "xlsx": xlsx_bytes, "json": json_bytes}

__all__ = ["FORMATS", "csv_bytes", "json_bytes", "parse_register", "read_register", "xlsx_bytes"]
