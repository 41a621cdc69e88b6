"""Write down the public API, as `tests/unit/test_public_api.py` compares it: `make public-api`.

    python tools/public_api.py [SOURCE [FILE]]

SOURCE is the folder of the package (`src`), FILE the text to write (`tests/public_api.txt`; `-` prints it). Types and
defaults are those of the source code, read without importing it, so that the text is the same on every Python and with
every version of a dependency.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import griffe

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
FILE = ROOT / "tests" / "public_api.txt"
PACKAGE = "admin_crm"
DESCRIBED = ("admin_crm", "admin_crm.models", "admin_crm.plots", "admin_crm.local", "admin_crm.testing")
"""The modules whose names are described; what other modules have of these names is listed."""
SPECIAL = {
    "__init__", "__call__", "__iter__", "__aiter__", "__len__", "__getitem__", "__contains__", "__bool__",
    "__enter__", "__exit__", "__aenter__", "__aexit__",
}  # fmt: skip
# A model's configuration, what the library itself asks a row for, and the options that typer adds.
INTERNAL = {"model_config", "COLUMNS", "ready", "named", "facts", "install_completion", "show_completion", "help"}
HEAD = """\
# The public API: names, signatures, fields with types and defaults, errors and their attributes, settings, commands.
# Written by `make public-api`; CONTRIBUTING.md ("Compatibility") says what a changed line needs.
# "(sync and async)": the result with an AdminCRM, awaited with an AsyncAdminCRM.
# A class lists what its public bases do not have.

"""

Found = griffe.Object | griffe.Alias


def main(arguments: list[str]) -> int:
    """Write the text, and say where."""
    text = public_api(Path(arguments[0]) if arguments else SOURCE)
    if arguments[1:] == ["-"]:
        print(text, end="")
        return 0
    file = Path(arguments[1]) if arguments[1:] else FILE
    file.write_text(text, "utf-8")
    print(f"{file}: {len(text.splitlines()):,} lines")
    return 0


def public_api(source: Path = SOURCE) -> str:
    """Return the public API of the package in a folder, one line for each thing."""
    package = griffe.load(PACKAGE, search_paths=[source], allow_inspection=False, resolve_aliases=True)
    api = Api(package)
    modules = {name: api.module(name) for name in DESCRIBED}
    sections = {name: list(api.names(module)) for name, module in modules.items() if module is not None}
    sections["types that signatures name"] = api.types()
    sections["other modules with these names"] = list(api.places())
    if source == SOURCE:
        sections["commands"] = list(_commands("admin-crm", _command_line()))
    return HEAD + "\n".join("".join(f"{line}\n" for line in (f"[{title}]", *them)) for title, them in sections.items())


class Api:
    """What is written down of a package, with the names whose meaning is still to be told."""

    def __init__(self, package: griffe.Module) -> None:
        self.package = package
        self.told: dict[str, str] = {}
        """The public name of each path that has a description."""
        self.mentioned: dict[str, griffe.Expr | str] = {}
        """The types that signatures name, with what they stand for."""

    def module(self, path: str) -> griffe.Module | None:
        """Return a module of the package; None if there is none."""
        name = path.removeprefix(PACKAGE).lstrip(".")
        return self.package if not name else self.package.members.get(name)  # type: ignore[return-value]

    def names(self, module: griffe.Module) -> Iterator[str]:
        """Yield what each name of a module is that no module before has told."""
        new = [name for name in exported(module) if module[name].canonical_path not in self.told]
        self.told |= {module[name].canonical_path: name for name in new}
        for name in new:
            found = module[name]
            if found.is_class:
                yield from self._class(name, found)
            elif found.is_function:
                yield from self._function(name, found)
            else:
                yield self._attribute(name, found)

    def types(self) -> list[str]:
        """Return what the types stand for that signatures name, and those that these name."""
        lines: dict[str, str] = {}
        while self.mentioned:
            path, value = self.mentioned.popitem()
            if path not in lines:
                lines[path] = f"{path.rsplit('.', 1)[-1]} = {self._type(value)}"
        return sorted(set(lines.values()))

    def places(self) -> Iterator[str]:
        """Yield which public names each module at the top has, where one may import them from too."""
        for name, module in sorted(self.package.members.items()):
            if module.is_alias or not module.is_module or name.startswith("_"):
                continue
            names = [each for each in exported(module) if self.told.get(module[each].canonical_path) == each]
            if names and f"{PACKAGE}.{name}" not in DESCRIBED:
                yield f"{PACKAGE}.{name}: {', '.join(names)}"

    def _class(self, name: str, found: Found) -> Iterator[str]:
        """Yield a class with the bases that users know, and its members that those do not have."""
        bases = [base for base in found.bases if self._is_known(base)]
        yield f"class {name}({', '.join(map(str, bases))})" if bases else f"class {name}"
        public = [base for base in _target(found).mro() if base.canonical_path in self.told]
        known = {member.canonical_path for base in public for member in base.all_members.values()}
        inherited = {name: each for name, each in found.inherited_members.items() if each.canonical_path not in known}
        for member, value in sorted({**inherited, **found.members}.items()):
            if member in INTERNAL or (member.startswith("_") and member not in SPECIAL):
                continue
            if value.is_attribute:
                yield self._attribute(f"{name}.{member}", value)
            elif value.is_function and not ("dataclass" in found.labels and member == "__init__"):
                yield from self._function(f"{name}.{member}", value)

    def _is_known(self, base: griffe.Expr | str) -> bool:
        path = base if isinstance(base, str) else base.canonical_path
        return not path.startswith(f"{PACKAGE}.") or self._defined(path) in self.told

    def _function(self, name: str, found: Found) -> Iterator[str]:
        """Yield the signatures of a function: one, or those of its overloads."""
        function = _target(found)
        decorators = {str(each.value) for each in function.decorators}
        both = "operation" in decorators
        start = "".join(f"@{each} " for each in ("classmethod", "staticmethod") if each in decorators)
        start += "async def" if "async" in function.labels and not both else "def"
        for each in function.overloads or [function]:
            for parameter in each.parameters:
                self._type(parameter.annotation)
            self._type(each.returns)
            yield f"{start} {each.signature(name=name)}{'  (sync and async)' if both else ''}"

    def _attribute(self, name: str, found: Found) -> str:
        """Return a field, a property or a constant with its type and default."""
        value = _target(found)
        annotation = "" if value.annotation is None else f": {self._type(value.annotation)}"
        if "property" in value.labels:
            return f"property {name}{annotation}"
        has_default = value.value is not None and value.labels != {"instance-attribute"}  # which __init__ sets
        return f"{name}{annotation}{f' = {value.value}' if has_default else ''}"

    def _type(self, expression: griffe.Expr | str | None) -> str:
        """Return a type without what checks it, and note the types of the package that it names."""
        if isinstance(expression, griffe.ExprSubscript) and expression.canonical_name == "Annotated":
            inside = expression.slice
            return self._type(inside.elements[0] if isinstance(inside, griffe.ExprTuple) else inside)
        if isinstance(expression, griffe.Expr):
            for part in expression.iterate(flat=True):
                if isinstance(part, griffe.ExprName) and part.canonical_path.startswith(f"{PACKAGE}."):
                    self._note(self._defined(part.canonical_path))
        return str(expression)

    def _note(self, path: str) -> None:
        try:
            found: Any = self.package[path.removeprefix(f"{PACKAGE}.")]
        except KeyError:  # a type variable of the function itself
            return
        is_alias = found.is_attribute and found.value is not None and "TypeVar" not in str(found.value)
        if is_alias and path not in self.told:
            self.mentioned[path] = found.value

    def _defined(self, path: str) -> str:
        """Return where a name is defined that may be imported there."""
        try:
            return self.package[path.removeprefix(f"{PACKAGE}.")].canonical_path
        except (KeyError, griffe.AliasResolutionError):
            return path


def _target(found: Found) -> Any:
    """Return what is defined, where a name is imported."""
    return found.final_target if isinstance(found, griffe.Alias) else found


def exported(module: Found) -> list[str]:
    """Return the names of a module: those of `__all__`, or what it defines without an underscore."""
    if module.exports is not None:
        return sorted(map(str, module.exports))
    return sorted(
        name
        for name, value in module.members.items()
        if not (name.startswith("_") or value.is_alias) and (value.is_class or value.is_function)
    )


def _command_line() -> Any:
    from typer.main import get_command

    from admin_crm.cli.commands import app

    return get_command(app)


def _commands(name: str, command: Any) -> Iterator[str]:
    """Yield each command of the terminal with its arguments and options."""
    yield " ".join([name, *(_parameter(each) for each in command.params if each.name not in INTERNAL)])
    for child, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _commands(f"{name} {child}", inner)


def _parameter(parameter: Any) -> str:
    names: Iterable[str] = (*parameter.opts, *parameter.secondary_opts)
    text = parameter.name.upper() if parameter.param_type_name == "argument" else "/".join(names)
    text += "..." if parameter.nargs == -1 or parameter.multiple else ""
    return text if parameter.required else f"[{text}]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
