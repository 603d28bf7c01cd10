"""Keep the measured process by itself, by the kernel where it allows: without a network, reading only the Shelf."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

Network = Literal["kernel", "settings"]


def leave_network() -> Network:
    """Move this process, before it starts a thread, into an empty network namespace.

    Without the right to do so a user namespace of its own gives it. `settings` where the kernel refuses both: then
    only the environment variables that libraries heed keep it offline, and the run file says so.
    """
    if not sys.platform.startswith("linux"):
        return "settings"
    libc = ctypes.CDLL(None, use_errno=True)
    ways = (CLONE_NEWNET,) if os.geteuid() == 0 else (CLONE_NEWNET | CLONE_NEWUSER,)
    return "kernel" if any(libc.unshare(flags) == 0 for flags in ways) else "settings"


# Landlock, by its system calls: Python has no names for them. Numbers are the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_NO_NEW_PRIVILEGES = 38
# Where an operating system keeps what programs run on: libraries, devices, settings. No home, no /tmp.
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/sys", "/dev")


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def read_only(shelved: Sequence[str]) -> bool:
    """Let this process read nothing but these folders of the Shelf, Python, and what the system runs on.

    Every thread that it starts later is bound too. False where the kernel has no Landlock: then nothing changed.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    handled = ctypes.c_uint64(_READ_FILE | _READ_DIR)
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    own = (sys.prefix, sys.base_prefix, *sys.path, os.environ.get("HF_HOME", ""))
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    try:
        for path in {*_SYSTEM, *own, *libraries, *shelved} - {""}:
            _allow(libc, ruleset, path)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            return False
        return bool(libc.syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    """Allow reading a folder with all below it, or one file; what is not there needs no leave."""
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = _READ_FILE | _READ_DIR if os.path.isdir(path) else _READ_FILE  # noqa: PTH112 - as given
        rule = _PathBeneath(allowed, parent)
        libc.syscall(
            _ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0)
        )
    finally:
        os.close(parent)
