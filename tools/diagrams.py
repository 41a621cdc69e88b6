"""Draw the diagrams of the documentation, each for light and for dark: `python tools/diagrams.py`."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import NamedTuple

ASSETS = Path(__file__).parents[1] / "docs" / "assets"


class Palette(NamedTuple):
    """The colours of a diagram."""

    line: str
    text: str
    faint: str
    question: str
    answer: str
    edge: str


PALETTES = {
    "light": Palette("#5f7377", "#12282c", "#4a6065", "#eef4f4", "#d5efe9", "#00796b"),
    "dark": Palette("#9fb3b6", "#e6f0f0", "#a9bcbf", "#22302f", "#123f39", "#4db6ac"),
}


class Drawing:
    """Boxes and arrows; a box's text is lines, the first of them bold."""

    def __init__(self, width: int, height: int, title: str, palette: Palette) -> None:
        self._palette = palette
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'font-family="system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif" font-size="15">'
            f"<title>{escape(title)}</title><defs>"
            f'<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            f'orient="auto"><path d="M0 0 8 4 0 8z" fill="{palette.line}"/></marker></defs>'
        )
        self._parts = [head]

    def box(self, x: int, y: int, width: int, height: int, *lines: str, answer: bool = False) -> None:
        """Draw a box; an answer stands out."""
        colours, top = self._palette, y + height / 2 - 10 * (len(lines) - 1) + 5
        edge = f'stroke="{colours.edge}" stroke-width="2"' if answer else f'stroke="{colours.line}"'
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" '
            f'fill="{colours.answer if answer else colours.question}" {edge}/>'
        )
        for number, line in enumerate(lines):
            weight = ' font-weight="600"' if number == 0 else ""
            self._write(x + width / 2, top + 20 * number, line, colours.text, weight)

    def arrow(self, *points: tuple[int, int], label: str = "", at: tuple[int, int] = (0, 0)) -> None:
        """Draw an arrow through points, with a label somewhere."""
        way = " ".join(f"{x},{y}" for x, y in points)
        self._parts.append(
            f'<polyline points="{way}" fill="none" stroke="{self._palette.line}" stroke-width="1.5" '
            'marker-end="url(#tip)"/>'
        )
        if label:
            self._write(*at, label, self._palette.faint, ' font-size="14"')

    def _write(self, x: float, y: float, text: str, colour: str, more: str) -> None:
        self._parts.append(
            f'<text x="{x:g}" y="{y:g}" fill="{colour}" text-anchor="middle"{more}>{escape(text)}</text>'
        )

    def __str__(self) -> str:
        return "\n".join([*self._parts, "</svg>\n"])


def which_key(palette: Palette) -> Drawing:
    """Draw the way from where a program runs to the way it connects."""
    draw = Drawing(760, 380, "Which key: where the program runs, and what the directory's view shows, decide", palette)
    draw.box(250, 10, 260, 56, "Who runs the program?")
    draw.box(20, 130, 240, 76, "A person", "who signs in to it,", "or a browser's back end")
    draw.box(420, 130, 320, 56, "A server, with nobody in front of it")
    draw.arrow((310, 66), (140, 126))
    draw.arrow((450, 66), (580, 126))
    draw.box(20, 280, 240, 86, "Session only", "sign_in(url, key, …)", "or as_user(token)", answer=True)
    draw.arrow((140, 206), (140, 276))
    draw.box(290, 280, 240, 86, "Session and secret key", "sign_in(…, secret_key=…)", "can do everything", answer=True)
    draw.box(560, 280, 180, 86, "Secret key only", "AdminCRM(url, key)", answer=True)
    draw.arrow((520, 186), (410, 276), label="view gated (most shops)", at=(360, 232))
    draw.arrow((640, 186), (650, 276), label="view open", at=(690, 235))
    return draw


def architecture(palette: Palette) -> Drawing:
    """Draw the layers, from what users import down to the project's services."""
    draw = Drawing(
        760, 430, "The layers: programs, public functions, one place that sends, the project's services", palette
    )
    draw.box(20, 10, 340, 50, "Your program", "sync or async")
    draw.box(400, 10, 160, 50, "admin-crm", "the command")
    draw.box(580, 10, 160, 50, "doctor", "checks a project")
    draw.box(20, 105, 720, 60, "Public functions", "directory, customers, moderation, bulk, evidence, intelligence …")
    for x in (190, 480, 660):
        draw.arrow((x, 60), (x, 101))
    draw.box(
        20,
        210,
        720,
        76,
        "One place that sends",
        "limiter → request → decode → translate errors → retry",
        "rights: session or secret key",
        answer=True,
    )
    draw.arrow((380, 165), (380, 206))
    for x, name, what in ((20, "PostgREST", "tables and views"), (205, "Auth", "users, sessions"),
                          (390, "Storage", "evidence"), (575, "Edge Functions", "the shop's AI")):  # fmt: skip
        draw.box(x, 345, 165, 60, name, what)
        draw.arrow((x + 82, 286), (x + 82, 341))
    return draw


DIAGRAMS: dict[str, Callable[[Palette], Drawing]] = {"which-key": which_key, "architecture": architecture}


def main() -> None:
    """Write all diagrams."""
    for name, draw in DIAGRAMS.items():
        for scheme, palette in PALETTES.items():
            (ASSETS / f"{name}-{scheme}.svg").write_text(str(draw(palette)), "utf-8")


if __name__ == "__main__":
    main()
