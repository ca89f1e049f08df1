"""Running a program that refuses to be root, while we are root: as an account with no rights of its own.

Directories that only root may pass (a checkout in /root, say) stay as they are: the program keeps the one capability
that lets it through them, instead of our opening them for everybody.
"""

import ctypes
import os
import pwd
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from signalq_billing.errors import StorageUnavailable

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE = 1


def account() -> pwd.struct_passwd | None:
    """The account to become, or None if we are not root and need not become anybody. Raises StorageUnavailable."""
    if os.geteuid() != 0:
        return None
    others = {each.pw_name: each for each in pwd.getpwall() if each.pw_uid != 0}
    if not others:
        raise StorageUnavailable("PostgreSQL refuses to run as root, and there is no other account (such as nobody)")
    return others.get("nobody") or next(iter(others.values()))


def passable(path: Path) -> bool:
    """Whether everybody may pass every directory above `path`."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def becoming(who: pwd.struct_passwd | None, keep_access: bool, end_with_parent: bool) -> Callable[[], None]:
    """What a child process runs before its program: become `who` and, if asked, get SIGINT when we die."""
    linux = sys.platform == "linux"

    def become() -> None:
        if who is not None:
            if linux and keep_access:
                _LIBC.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
            os.setgroups([])
            os.setgid(who.pw_gid)
            os.setuid(who.pw_uid)
            if linux and keep_access:
                _keep_only_access()
        if linux and end_with_parent:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)

    return become


def _keep_only_access() -> None:
    """Reduce the capabilities of this process to CAP_DAC_OVERRIDE, and let a program it becomes have it too."""
    wanted = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(wanted, wanted, wanted, 0, 0, 0)  # effective, permitted, inheritable; then bits 32..63
    if _LIBC.capset(header, sets) == 0:
        _LIBC.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
