"""Run a command, unless it has passed before on the same files with the same packages.

    python tools/unless_passed.py NAME PATH... -- COMMAND...

FORCE=1 or CI=true runs it in any case. What has passed is remembered in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "admin_crm" / "passed"


def main(arguments: list[str]) -> int:
    """Run the command, or say why it need not run; returns its exit code."""
    split = arguments.index("--")
    (name, *paths), command = arguments[:split], arguments[split + 1 :]
    stamp = CACHE / f"{name}-{digest(paths, command)}"
    forced = os.environ.get("FORCE") or os.environ.get("CI")
    if stamp.exists() and not forced:
        print(f"{name}: skipped, it passed on the same files and packages ({stamp}); FORCE=1 runs it")
        return 0
    code = subprocess.run(command, check=False).returncode
    if code == 0:
        CACHE.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    return code


def digest(paths: list[str], command: list[str]) -> str:
    """Everything that the command's outcome depends on, as one short text."""
    packages = sorted({f"{each.name}=={each.version}" for each in distributions()})
    variables = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("ADMIN_CRM_"))
    told = "\0".join([sys.version, platform.platform(), *command, *packages, *variables])
    found = hashlib.sha256(told.encode())
    for file in files(paths):
        found.update(f"\0{file}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()[:16]


def files(paths: list[str]) -> Iterator[Path]:
    """Every file of these paths, in one order."""
    for path in map(Path, paths):
        if not path.exists():
            raise SystemExit(f"{path} does not exist")
        inside = path.rglob("*") if path.is_dir() else [path]
        yield from sorted(each for each in inside if each.is_file() and "__pycache__" not in each.parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
