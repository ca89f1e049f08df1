"""How bad a schedule is: every seed draws which faults occur in it, and how often. Some have few, some have all."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

_SECOND = 1_000_000
_RATES = (0.05, 0.2, 0.5)

# What the network does to a call, and what billing-orders answers instead of the right thing.
NETWORK = ("refused", "lost", "cut_before", "cut_after", "late", "slow_answer")
SERVER = (
    "500_before",
    "500_after",
    "429_now",
    "429_day",
    "408_before",
    "400",
    "422",
    "not_json",
    "empty",
    "other_ref",
    "other_amount",
    "other_currency",
    "find_500",
    "foreign_404",
)
STORE = ("down_before_commit", "down_after_commit")
WINDOWS = ("billing_down", "wrong_token", "store_down")


@dataclass(slots=True)
class Weather:
    """Rates between 0 and 1 per chance; microseconds where it is about time. Everybody sets out within
    `crowd`, and a single step takes up to `step`. `rejecting`: little else goes wrong, and people form payouts anew."""

    step: int = 50_000
    crash: float = 0.0
    pause: float = 0.0
    longest_pause: int = _SECOND
    longest_pause_sending: int = _SECOND
    latest: int = _SECOND
    lease: int = 60 * _SECOND
    crowd: int = _SECOND
    clocks_jump: bool = False
    by_hand: bool = False
    rejecting: bool = False
    rates: dict[str, float] = field(default_factory=dict)
    windows: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def drawn(cls, rng: random.Random) -> Weather:
        """The weather of one schedule."""
        lease = rng.choice((10, 60, 60, 600)) * _SECOND
        weather = cls(lease=lease, step=rng.choice((10_000, 1_000_000, 10_000_000)))
        weather.crowd = rng.choice((_SECOND, lease, 4 * lease))
        weather.crash = rng.choice((0.0, 0.0, 0.01, 0.04))
        weather.pause = rng.choice((0.0, 0.05, 0.2))
        weather.clocks_jump = rng.random() < 0.3
        weather.by_hand = rng.random() < 0.3
        # Paying by hand relies on a send not standing still, or wandering, for longer than a lease
        # (docs/simulation.md); wherever else a worker stands still, it looks at its lease before it sends.
        weather.longest_pause = 4 * lease if weather.by_hand else 2 * lease
        weather.longest_pause_sending = lease // 4 if weather.by_hand else 2 * lease
        weather.latest = lease // 4 if weather.by_hand else max(2 * lease, 120 * _SECOND)
        weather.step = min(weather.step, max(lease // 100, 2)) if weather.by_hand else weather.step
        for name in (*NETWORK, *SERVER, *STORE):
            if rng.random() < 0.3:
                weather.rates[name] = rng.choice(_RATES)
        weather.rejecting = rng.random() < 0.15
        if weather.rejecting:
            weather.rates = {"422": 0.5, "late": rng.choice((0.0, 0.5))}
        for name in WINDOWS:
            if rng.random() < 0.2:
                begin = rng.randrange(3 * lease)
                weather.windows[name] = (begin, begin + rng.randrange(2 * lease))
        return weather

    def calm(self) -> None:
        """From now on nothing goes wrong any more."""
        self.crash = self.pause = 0.0
        self.step = 10_000
        self.clocks_jump = False
        self.rates.clear()
        self.windows.clear()

    def strikes(self, name: str, rng: random.Random) -> bool:
        """Whether this fault happens this time."""
        rate = self.rates.get(name)
        return rate is not None and rng.random() < rate

    def first_of(self, names: tuple[str, ...], rng: random.Random) -> str | None:
        """The fault that happens this time, of several that exclude each other."""
        return next((name for name in names if self.strikes(name, rng)), None)

    def within(self, name: str, now: int) -> bool:
        """Whether an outage is on."""
        begin, end = self.windows.get(name, (0, 0))
        return begin <= now < end
