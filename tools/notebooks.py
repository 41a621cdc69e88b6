"""Run the notebooks of the documentation on a local shop, and make pages of them: `make notebooks`.

A notebook is stored with what it shows. Its page, with the pictures beside it, follows from the notebook alone.
"""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
SECONDS = 120
"""The longest that a cell may take."""
_OF_PANDAS = re.compile(r"<style scoped>.*?</style>|(?<=<table) border=.*?(?=>)|(?<=>)\s+(?=<)", re.DOTALL)
"""What the theme does better: pandas' own style, borders and lines."""


def notebooks() -> list[Path]:
    """Return the notebooks of the documentation."""
    return sorted(FOLDER.glob("*.ipynb"))


def executed(notebook: Any, environment: Mapping[str, str], folder: Path) -> Any:
    """Run a notebook in a folder, with the variables of a shop; it holds what its cells show then.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raises.
    """
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": folder}},
    )
    client.execute(env={**os.environ, **environment, "PYTHONUTF8": "1"})
    notebook.metadata.language_info = {"name": "python"}
    return notebook


def page(notebook: Any, name: str) -> dict[str, bytes]:
    """Return the Markdown of a notebook and its pictures, by the names of their files."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            heading = (re.findall(r"^#+ (.*)$", cell.source, re.MULTILINE) or [heading])[-1]
            continue
        parts.append(f"```py\n{cell.source.removesuffix(';')}\n```")
        for data in _shown(cell.outputs):
            if "image/png" in data:
                file = f"{name}-{len(pictures) + 1}.png"
                pictures[file] = base64.b64decode(data["image/png"])
                parts.append(f"![{heading}]({file})")
            elif "text/html" in data:
                table = _OF_PANDAS.sub("", _joined(data["text/html"]))
                parts.append(f'<div class="shown">{table}</div>')
            else:
                parts.append(f"```text\n{_joined(data['text/plain']).rstrip()}\n```")
    parts.append(f"[Download this notebook]({name}.ipynb)")
    return {f"{name}.md": ("\n\n".join(parts) + "\n").encode(), **pictures}


def _shown(outputs: list[Any]) -> Iterator[Mapping[str, Any]]:
    for output in outputs:
        yield {"text/plain": output.text} if output.output_type == "stream" else output.data


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def main() -> None:
    """Run all notebooks, or those that are named, each on a new shop; write them, their pages and their pictures."""
    from admin_crm.local import LocalStack

    names = sys.argv[1:]
    for path in [path for path in notebooks() if path.stem in names or not names]:
        with LocalStack() as shop, tempfile.TemporaryDirectory() as folder:
            notebook = executed(nbformat.read(path, as_version=4), shop.environment, Path(folder))
        nbformat.write(notebook, path)
        for old in FOLDER.glob(f"{path.stem}-*.png"):
            old.unlink()
        for name, content in page(notebook, path.stem).items():
            (FOLDER / name).write_bytes(content)
        print(path.name)


if __name__ == "__main__":
    main()
