"""Draw the pictures of README and docs that show what programs print: `python tools/pictures.py`.

The first lines of README run on a local shop, whose dates are relative to today: the picture changes from day to day,
so it is drawn anew only when the lines change.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from admin_crm.local import LocalStack

ROOT = Path(__file__).parents[1]
ASSETS = ROOT / "docs" / "assets"
WHITE, BLACK = (226, 236, 236), (15, 31, 36)
RED, GREEN, YELLOW = (255, 123, 114), (126, 211, 160), (242, 204, 96)
BLUE, PURPLE, CYAN = (121, 192, 255), (210, 168, 255), (118, 227, 234)
THEME = TerminalTheme(BLACK, WHITE, [BLACK, RED, GREEN, YELLOW, BLUE, PURPLE, CYAN, WHITE])
FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {terminal_width} {height}" role="img">
<style>
text {{ font: 20px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }}
{styles}</style>
<defs>{lines}</defs>
<rect width="{terminal_width}" height="{height}" rx="10" fill="#0f1f24"/>
<g transform="translate(14, 12)">{backgrounds}{matrix}</g>
</svg>
"""
BADGES = {
    "python": ("python", "3.11 to 3.14"),
    "typed": ("types", "mypy · basedpyright"),
    "licence": ("licence", "MIT"),
}


def main() -> None:
    """Draw all of them."""
    ASSETS.mkdir(exist_ok=True)
    draw("first-lines", printed_by(first_lines()))
    for name, (left, right) in BADGES.items():
        (ASSETS / f"badge-{name}.svg").write_text(badge(left, right), "utf-8")


def first_lines() -> str:
    """Return the first program of README."""
    found = re.search(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def printed_by(snippet: str) -> str:
    """Run a snippet on a local shop, and return what it prints."""
    printed = io.StringIO()
    with LocalStack() as stack, contextlib.redirect_stdout(printed):
        os.environ.update(stack.environment)
        exec(compile(snippet, "README.md", "exec"), {"__name__": "snippets"})
    return printed.getvalue()


def draw(name: str, text: str) -> None:
    """Write a picture of a terminal; the text keeps its own line breaks where it can."""
    width = min(100, max(map(len, text.splitlines())) + 2)
    console = Console(record=True, width=width, file=io.StringIO(), highlight=True)
    console.print(text.rstrip(), soft_wrap=False)
    lines = text.rstrip().count("\n") + sum(len(line) // width for line in text.splitlines()) + 1
    svg = console.export_svg(title="", theme=THEME, code_format=FORMAT.replace("{height}", str(lines * 25 + 30)))
    (ASSETS / f"{name}.svg").write_text(re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE), "utf-8")


def badge(left: str, right: str) -> str:
    """Return a badge in the form that everybody knows."""
    first, second = (round(len(text) * 6.6) + 14 for text in (left, right))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="20" role="img" '
        f'aria-label="{left}: {right}">'
        f'<rect width="{first + second}" height="20" rx="3" fill="#555"/>'
        f'<path d="M{first} 0h{second - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{second - 3}z" fill="#00796b"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{first / 2}" y="14">{left}</text><text x="{first + second / 2}" y="14">{right}</text></g></svg>\n'
    )


if __name__ == "__main__":
    main()
