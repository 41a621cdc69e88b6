"""The notebooks of the documentation: their pages follow from them, and they are stored with what they show."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from tools.notebooks import FOLDER, notebooks, page

NAMES = ["evidence_audit", "segments_overview", "win_back_campaign"]


def test_there_are_three_notebooks() -> None:
    assert [path.stem for path in notebooks()] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_notebook_is_up_to_date(name: str) -> None:
    files = page(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4), name)
    there = {path.name: path.read_bytes() for path in FOLDER.glob(f"{name}*") if path.suffix != ".ipynb"}
    assert sorted(files) == sorted(there), "run `make notebooks`"
    assert [file for file, content in files.items() if there[file] != content] == [], "run `make notebooks`"


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_stored_as_it_ran_from_top_to_bottom(name: str) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    ran = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert ran == list(range(1, len(ran) + 1))
    assert any("image/png" in data for cell in notebook.cells for data in _data(cell))
    assert any("text/html" in data for cell in notebook.cells for data in _data(cell))


@pytest.mark.parametrize(
    "path", sorted(path for path in FOLDER.iterdir() if path.suffix != ".png"), ids=lambda p: p.name
)
def test_neither_a_token_nor_a_folder_of_this_machine_is_stored(path) -> None:
    assert re.findall(r"sb_secret_|eyJ|token=|/tmp/|/home/|/root/|Traceback", _without_pictures(path)) == []


def test_a_page_shows_code_text_tables_and_pictures() -> None:
    table = (
        '<style scoped>\n x\n</style>\n<table border="1" class="dataframe">\n  <tr>\n    <td>1</td>\n  </tr>\n</table>'
    )
    outputs = [
        new_output("stream", name="stdout", text="two\nlines\n"),
        new_output("execute_result", data={"text/plain": "1", "text/html": table}),
        new_output("display_data", data={"text/plain": "<Figure>", "image/png": "aGVsbG8="}),
    ]
    cells = [new_markdown_cell("# A title"), new_code_cell("draw();", outputs=outputs)]
    assert page(new_notebook(cells=cells), "a") == {
        "a.md": (
            b"# A title\n\n```py\ndraw()\n```\n\n```text\ntwo\nlines\n```\n\n"
            b'<div class="shown"><table><tr><td>1</td></tr></table></div>\n\n![A title](a-1.png)\n\n'
            b"[Download this notebook](a.ipynb)\n"
        ),
        "a-1.png": b"hello",
    }


def test_a_mornings_analysis_takes_at_most_25_lines() -> None:
    block = re.findall(r"^```python\n(.*?)^```$", (FOLDER / "index.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)[0]
    assert len([line for line in block.splitlines() if line.strip()]) <= 25
    assert block.count("plots.") == 4
    assert all(len(line) <= 120 for line in block.splitlines())


def _data(cell):
    return [output.data for output in cell.get("outputs", []) if "data" in output]


def _without_pictures(path) -> str:
    return re.sub(r'"image/png": "[^"]*"', "", path.read_text("utf-8"))
