"""Keeps a query worker inside its own directory with Linux's Landlock, without any privilege and for good."""

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH, _SET_NO_NEW_PRIVS = 1, 1, 38
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_READ = _EXECUTE | _READ_FILE | _READ_DIR
# Bits of file access each ABI version knows, and from ABI 4 on binding and connecting TCP sockets, from 6 on scopes.
_FILE_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16, 6: 16, 7: 16}
# Rights that make sense for a single file rather than a directory.
_FILE_RIGHTS = (1 << 0) | (1 << 1) | (1 << 2) | (1 << 14) | (1 << 15)


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def confine(writable: Iterable[Path], readable: Iterable[Path]) -> bool:
    """From now on this thread, and every thread and process it starts, may write only below `writable`, read only
    there and below `readable`, and open no TCP connection. Can be narrowed further. False without Landlock."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    abi = int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG))
    if abi < 1:
        return False
    everything = (1 << _FILE_BITS[min(abi, max(_FILE_BITS))]) - 1
    rules = _Ruleset(everything, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = int(libc.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0))
    if ruleset < 0:
        return False
    for paths, rights in ((writable, everything), (readable, _READ & everything)):
        for path in paths:
            if path.exists():
                _allow(libc, ruleset, path, rights)
    _check(libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)
    return True


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = _PathBeneath(rights if path.is_dir() else rights & _FILE_RIGHTS, parent)
    _check(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0))
    os.close(parent)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
