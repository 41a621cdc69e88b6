"""A lock on an open file, which ends with the process however that ends."""

from __future__ import annotations

import sys
from typing import BinaryIO

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    _BEHIND_ANY_CONTENT = 1 << 40

    def lock(file: BinaryIO) -> bool:
        """Lock a file that is open; returns False where another process has locked it."""
        place = file.tell()
        file.seek(_BEHIND_ANY_CONTENT)  # what is locked on Windows, nobody else can read
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(place)
        return True

else:
    import fcntl

    def lock(file: BinaryIO) -> bool:
        """Lock a file that is open; returns False where another process has locked it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
