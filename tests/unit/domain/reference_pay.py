"""SPEC section 6 read literally and slowly: a config as the file has it and active seconds per day in, money out.

It shares no code with the package, on purpose: two readings of one page must agree to the last minor unit.
"""

from fractions import Fraction
from typing import Any

Config = dict[str, Any]
Days = dict[str, list[int]]


def pay(config: Config, days: Days, digits: int) -> dict[str, Any]:
    """The total and the lines, sorted bytewise; amounts as decimal strings with `digits` places."""
    devices = sorted(days, key=lambda name: name.encode("utf-8"))
    threshold = config["activity"].get("min_active_seconds_per_day", 1)
    active_days = {name: len([s for s in days[name] if s >= threshold]) for name in devices}
    needed = config.get("eligibility", {}).get("min_active_days", 1)
    eligible = [name for name in devices if active_days[name] >= needed]
    units = {
        name: count(config["charge"].get("unit"), days[name], active_days[name], name in eligible) for name in devices
    }

    exact = charge(config["charge"], eligible, units)
    bounds = {key: Fraction(str(value)) for key, value in config.get("limits", {}).items() if value is not None}
    if config["charge"].get("scope", "device") == "device":
        for name in eligible:
            if "device_min" in bounds and exact[name] < bounds["device_min"]:
                exact[name] = bounds["device_min"]
            if "device_max" in bounds and exact[name] > bounds["device_max"]:
                exact[name] = bounds["device_max"]

    total = sum(exact.values(), Fraction(0))
    limited = total
    if eligible and "park_min" in bounds and limited < bounds["park_min"]:
        limited = bounds["park_min"]
    if "park_max" in bounds and limited > bounds["park_max"]:
        limited = bounds["park_max"]
    if limited != total:
        for name in eligible:
            exact[name] = limited / len(eligible) if total == 0 else exact[name] * limited / total

    whole = rounded(limited * 10**digits, config.get("rounding", "half_even"))
    minor = {name: int(exact.get(name, Fraction(0)) * 10**digits // 1) for name in devices}
    rest = {name: exact.get(name, Fraction(0)) * 10**digits - minor[name] for name in devices}
    waiting = list(devices)
    while sum(minor.values()) < whole:
        best = waiting[0]
        for name in waiting:
            if rest[name] > rest[best]:
                best = name
        minor[best] += 1
        waiting.remove(best)
    assert sum(minor.values()) == whole
    return {
        "total": written(whole, digits),
        "lines": [
            {
                "device_id": name,
                "active_seconds": sum(days[name]),
                "active_days": active_days[name],
                "units": units[name],
                "amount": written(minor[name], digits),
                "paid": minor[name] > 0,
            }
            for name in devices
        ],
    }


def count(unit: str | None, days: list[int], active_days: int, eligible: bool) -> Fraction:
    if unit == "active_day":
        return Fraction(active_days)
    if unit == "active_hour":
        return Fraction(sum(days)) / 3600
    if unit == "active_device":
        return Fraction(1 if eligible else 0)
    return Fraction(0)


def charge(terms: Config, eligible: list[str], units: dict[str, Fraction]) -> dict[str, Fraction]:
    """The exact amount of every eligible device, before any limit."""
    if terms.get("scope", "device") == "device":
        return {name: price(terms, units[name]) for name in eligible}
    if not eligible:
        return {}
    together = Fraction(0)
    for name in eligible:
        together += units[name]
    whole = price(terms, together)
    if together == 0:
        return {name: whole / len(eligible) for name in eligible}
    return {name: whole * units[name] / together for name in eligible}


def price(terms: Config, q: Fraction) -> Fraction:
    model = terms["model"]
    if model == "flat":
        return Fraction(str(terms["amount"]))
    if model == "standard":
        return q * Fraction(str(terms["unit_amount"]))
    if model == "package":
        left = q - Fraction(str(terms.get("free_units", 0)))
        packages = 0
        if left > 0:
            packages, more = divmod(left, Fraction(str(terms["package_size"])))
            packages += 1 if more else 0
        return packages * Fraction(str(terms["package_amount"]))
    total, lower = Fraction(0), Fraction(0)
    for tier in terms["tiers"]:
        upper = None if tier["up_to"] is None else Fraction(str(tier["up_to"]))
        each, once = Fraction(str(tier["unit_amount"])), Fraction(str(tier.get("flat_amount", 0)))
        reached = q > lower
        inside = reached and (upper is None or q <= upper)
        if model == "volume" and inside:
            return q * each + once
        if model == "graduated" and reached:
            total += ((q if inside or upper is None else upper) - lower) * each + once
        lower = upper if upper is not None else lower
    return total


def rounded(amount: Fraction, how: str) -> int:
    below = amount.numerator // amount.denominator
    twice = 2 * (amount - below)
    if twice > 1 or (twice == 1 and (how == "half_up" or below % 2 == 1)):
        return below + 1
    return below


def written(minor: int, digits: int) -> str:
    if digits == 0:
        return str(minor)
    text = str(minor).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}"
