"""The public API is the one that is written down, and every kind of change of it is seen."""

from __future__ import annotations

import difflib

import pytest
from tools.public_api import FILE, HEAD, public_api

WHAT_TO_DO = """the public API differs from tests/public_api.txt. If it should:
  1. run `make public-api` and look at the difference;
  2. a name or a parameter more: a line in CHANGELOG.md under Added;
  3. anything else: read "Compatibility" in CONTRIBUTING.md (the old way goes on for a minor version, with a warning),
     a line in CHANGELOG.md under Changed, Deprecated or Removed, and one in docs/upgrade.md.
"""

SOURCE = """
from typing import Annotated, Literal, overload

__all__ = ["Colour", "Point", "Shape", "ShapeError", "Square", "draw", "find", "move"]
Colour = Literal["red", "blue"]
_Length = Annotated[float, "metres"]

class _Base:
    def area(self) -> _Length: ...
    def _hidden(self) -> None: ...

class Point:
    x: int = 0

class Shape(_Base, Point):
    name: Annotated[str, "checked"]
    @property
    def size(self) -> int: ...
    @classmethod
    async def load(cls, path: str) -> "Shape": ...

class _Whole:
    def area(self) -> int: ...

class Square(_Whole, Shape):
    side: int

class ShapeError(Exception):
    def __init__(self, message: str) -> None:
        self.shape = message

@overload
def find(name: str) -> Shape: ...
@overload
def find(name: int) -> Point: ...
def find(name): ...

@operation
async def move(crm: AnyCRM, to: Point, *, colour: Colour | None = None) -> Shape: ...

def draw(shape: Shape, /, width: _Length = 1.0) -> None: ...
"""


@pytest.fixture
def api_of(tmp_path):
    """A function that returns the lines for a package of one module."""

    def lines(source: str) -> list[str]:
        package = tmp_path / "admin_crm"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text(source)
        return public_api(tmp_path).removeprefix(HEAD).splitlines()

    return lines


def test_the_public_api_is_the_one_that_is_written_down():
    written, now = FILE.read_text("utf-8"), public_api()
    difference = "\n".join(difflib.unified_diff(written.splitlines(), now.splitlines(), "written", "now", lineterm=""))
    assert written == now, f"{WHAT_TO_DO}\n{difference}"


def test_every_public_name_is_written_with_what_users_see_of_it(api_of):
    assert api_of(SOURCE) == [
        "[admin_crm]",
        "Colour = Literal['red', 'blue']",
        "class Point",
        "Point.x: int = 0",
        "class Shape(Point)",
        "def Shape.area() -> _Length",
        "@classmethod async def Shape.load(path: str) -> Shape",
        "Shape.name: str",
        "property Shape.size: int",
        "class ShapeError(Exception)",
        "def ShapeError.__init__(message: str) -> None",
        "ShapeError.shape",
        "class Square(Shape)",
        "def Square.area() -> int",
        "Square.side: int",
        "def draw(shape: Shape, /, width: _Length = 1.0) -> None",
        "def find(name: str) -> Shape",
        "def find(name: int) -> Point",
        "def move(crm: AnyCRM, to: Point, *, colour: Colour | None = None) -> Shape  (sync and async)",
        "",
        "[types that signatures name]",
        "_Length = float",
        "",
        "[other modules with these names]",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("width: _Length = 1.0", "width: _Length = 2.0"),
        ("width: _Length = 1.0", "thickness: _Length = 1.0"),
        ("shape: Shape, /", "shape: Shape"),
        ("Annotated[float,", "Annotated[int,"),
        ('Literal["red", "blue"]', 'Literal["red"]'),
        ("x: int = 0", "x: float = 0"),
        ("x: int = 0", "x: int"),
        ("(_Base, Point)", "(_Base)"),
        ("class Shape(_Base, Point)", "class Shape(Point)"),
        ("(_Whole, Shape)", "(Shape)"),
        ("    @property\n", ""),
        ("self.shape", "self.figure"),
        ("(Exception)", "(ValueError)"),
        ("@operation\n", ""),
        ('"move"]', '"move", "_Base"]'),
        (', "move"]', "]"),
        ("def find(name: int) -> Point", "def find(name: int) -> Shape"),
    ],
)
def test_a_change_that_users_could_notice_changes_the_text(api_of, old, new):
    assert old in SOURCE
    assert api_of(SOURCE) != api_of(SOURCE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"metres"', '"feet"'),
        ("def _hidden(self) -> None: ...", "def _other(self) -> int: ..."),
        ("class _Base:", '"""Says something else."""\nclass _Base:'),
    ],
)
def test_a_change_that_users_cannot_notice_leaves_the_text(api_of, old, new):
    assert old in SOURCE
    assert api_of(SOURCE) == api_of(SOURCE.replace(old, new))
