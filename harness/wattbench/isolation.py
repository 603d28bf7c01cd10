"""Keep the measured process off the network, by the kernel where it allows: a network namespace without interfaces."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Literal

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
