"""What the package index is told of the repository: its address, and a README whose links lead there.

The address is nowhere in the code. It is REPOSITORY_URL, or what GitHub says where a workflow builds the package.
Without it the package has no links of its own, and README is as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)(\[(?:[^\[\]]|\[[^\]]*\]\([^)]*\))*\])\((?!https?://|#)([^)]+)\)")
_ACTIONS = "../../actions/"


class Repository(MetadataHookInterface):
    """Fill in `urls` and `readme`, which `pyproject.toml` calls dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add both to the package's metadata."""
        address = repository(os.environ)
        text = Path(self.root, "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": with_absolute_links(text, address)}
        metadata["urls"] = urls(address)


def repository(environment: Mapping[str, str]) -> str | None:
    """Return the repository's address; None where nobody says it."""
    if environment.get("REPOSITORY_URL"):
        return environment["REPOSITORY_URL"].rstrip("/")
    server, name = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    return f"{server}/{name}" if server and name else None


def urls(address: str | None) -> dict[str, str]:
    """Return the links beside the package's description."""
    if address is None:
        return {}
    main = f"{address}/blob/main"
    return {
        "Documentation": f"{main}/docs/index.md",
        "Source": address,
        "Issues": f"{address}/issues",
        "Changelog": f"{main}/CHANGELOG.md",
    }


def with_absolute_links(text: str, address: str | None) -> str:
    """Return a page with absolute links in place of those within the repository; pictures as they are stored."""
    if address is None:
        return text

    def absolute(found: re.Match[str]) -> str:
        picture, label, target = found.groups()
        if target.startswith(_ACTIONS):
            return f"{picture}{_inner(label)}({address}/actions/{target.removeprefix(_ACTIONS)})"
        return f"{picture}{_inner(label)}({address}/{'raw' if picture else 'blob'}/main/{target})"

    def _inner(label: str) -> str:
        return f"[{_LINK.sub(absolute, label[1:-1])}]"

    return _LINK.sub(absolute, text)
