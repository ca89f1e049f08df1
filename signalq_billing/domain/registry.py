"""What configs can name: the things this package brings, and those that packages outside it offer by entry points.

Nothing outside is looked at for a name that is built in, and nothing is imported before its name is used: a package
that is broken stops only what names it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from signalq_billing.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint
    from types import ModuleType

T = TypeVar("T")


class NotAccepted(Exception):
    """A thing is not of the kind its registry holds; the message completes "it ..."."""


def by_file(package: str, find: Callable[[ModuleType], T | None]) -> dict[str, T]:
    """What `find` finds in the modules of a package, by their file's name: a new one is a new file and no more."""
    path = importlib.import_module(package).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(path) if not module.ispkg)
    found = {name: find(importlib.import_module(f"{package}.{name}")) for name in names}
    return {name: thing for name, thing in found.items() if thing is not None}


class NotOffered(UsageError, KeyError):
    """No package that is installed offers the name."""

    __str__ = Exception.__str__


class Registry(Mapping[str, T], Generic[T]):
    """Things by the names that configs give them: `built_ins`, then what entry points of `group` offer.

    `accept` returns the thing it is given, or raises NotAccepted. A name nobody offers raises NotOffered, a KeyError;
    one that is offered and cannot be had raises UsageError. Both say what to do, the latter names the package.
    """

    def __init__(self, kind: str, group: str, built_ins: Mapping[str, T], accept: Callable[[object], T]) -> None:
        self.kind = kind
        self.group = group
        self.built_ins = {name: accept(thing) for name, thing in built_ins.items()}
        self._accept = accept
        self._scan: _Scan | None = None
        self._loaded: dict[str, T] = {}
        self._failed: dict[str, str] = {}

    def __getitem__(self, name: str) -> T:
        if name in self.built_ins:
            return self.built_ins[name]
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        """Whether somebody offers it, usable or not: `verify` tells."""
        return name in self.built_ins or name in self._offers

    def __iter__(self) -> Iterator[str]:
        yield from self.built_ins
        yield from sorted(set(self._offers) - set(self.built_ins))

    def __len__(self) -> int:
        return len(self.built_ins.keys() | self._offers.keys())

    @property
    def has_outside(self) -> bool:
        """Whether an installed package offers anything."""
        return bool(self._offers)

    def verify(self, name: str) -> None:
        """Raises UsageError if the name cannot be used, or if a package offers a built-in one too.

        Runs go by the built-in one then; but whoever installed that package expects something else.
        """
        if name not in self.built_ins:
            self[name]
        elif name in self._offers:
            rivals = " and ".join(map(_told, self._offers[name]))
            raise UsageError(
                f"the {self.kind} {name!r} is built in, and {rivals} offers one of that name too: the built-in one is "
                "what runs use; rename the other one's entry point, or uninstall that package"
            )

    def name_of(self, thing: T) -> str:
        """The name of a thing that is registered. Raises UsageError for any other."""
        for name, known in {**self.built_ins, **self._loaded}.items():
            if known is thing:
                return name
        for name in self:
            if self._is(name, thing):
                return name
        raise UsageError(f"{thing!r} is not a {self.kind} that configs can name: {self._remedy}")

    def origin(self, name: str) -> str:
        """The package that brings it, as "name version"; empty for what is built in."""
        if name in self.built_ins:
            return ""
        return ", ".join(map(_origin, self._offers.get(name, [])))

    @property
    def _remedy(self) -> str:
        remedy = f"install the package that offers it as an entry point of the group {self.group!r}"
        unread = self._scanned.unread
        return f"{remedy}; what these packages offer cannot be read: {', '.join(unread)}" if unread else remedy

    def _is(self, name: str, thing: T) -> bool:
        try:
            return self[name] is thing
        except UsageError:
            return False

    @property
    def _offers(self) -> dict[str, list[EntryPoint]]:
        return self._scanned.offers

    @property
    def _scanned(self) -> _Scan:
        """What the installed packages offer; read once, and only if somebody asks."""
        if self._scan is None:
            self._scan = _scan(self.group)
        return self._scan

    def _load(self, name: str) -> T:
        if name in self._failed:
            raise UsageError(self._failed[name])
        offers = self._offers.get(name, [])
        if not offers:
            raise NotOffered(f"there is no {self.kind} {name!r}: correct the name, or {self._remedy}")
        try:
            return self._taken(name, offers)
        except UsageError as error:
            self._failed[name] = str(error)
            raise

    def _taken(self, name: str, offers: list[EntryPoint]) -> T:
        if len(offers) > 1:
            both = " and ".join(map(_told, offers))
            raise UsageError(f"the {self.kind} {name!r} is offered more than once, by {both}: uninstall all but one")
        who = _told(offers[0])
        try:
            return self._accept(offers[0].load())
        except NotAccepted as refusal:
            raise UsageError(
                f"what {who} offers as the {self.kind} {name!r} is not one: it {refusal}. Install a version of the "
                "package that is right"
            ) from refusal
        except (Exception, SystemExit) as error:
            raise UsageError(
                f"the {self.kind} {name!r} of {who} cannot be imported ({type(error).__name__}: {error}): install the "
                "package anew, or a version that fits"
            ) from error


class _Scan(NamedTuple):
    """The entry points of a group by name, and the packages whose entry points cannot be read, with the reason."""

    offers: dict[str, list[EntryPoint]]
    unread: list[str]


def _scan(group: str) -> _Scan:
    from importlib.metadata import distributions  # noqa: PLC0415 - slow to import, and rarely needed

    found: dict[tuple[str, str, str], EntryPoint] = {}
    unread: list[str] = []
    for package in distributions():
        try:
            offered = [each for each in package.entry_points if each.group == group]
        except Exception as error:  # whatever damaged metadata leads to
            unread.append(f"{_package(package)} ({type(error).__name__}: {error})")
            continue
        for each in offered:  # a package can be on the path twice; the first is what is imported
            found.setdefault((each.name, _name(package), each.value), each)
    offers: dict[str, list[EntryPoint]] = {}
    for key in sorted(found):
        offers.setdefault(key[0], []).append(found[key])
    return _Scan(offers, unread)


def _name(package: Distribution) -> str:
    try:
        named: str | None = package.metadata["Name"]
    except Exception:  # whatever damaged metadata leads to
        named = None
    return named or f"a package without a name in {package.locate_file('')}"


def _package(package: Distribution) -> str:
    name = _name(package)
    return name if " " in name else f"{name} {package.version}"


def _origin(entry_point: EntryPoint) -> str:
    return _package(entry_point.dist) if entry_point.dist else "an unknown package"


def _told(entry_point: EntryPoint) -> str:
    return f"{_origin(entry_point)} (entry point '{entry_point.name} = {entry_point.value}')"


def takes(thing: object, count: int) -> bool:
    """Whether `thing` can be called with so many arguments, as far as it tells."""
    if not callable(thing):
        return False
    try:
        inspect.signature(thing).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # a callable that tells nothing of its arguments
        return True
    return True
