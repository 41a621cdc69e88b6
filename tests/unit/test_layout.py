"""The unit tests mirror the package, in files that are read in one go."""

from __future__ import annotations

from pathlib import Path

import admin_crm

PACKAGE = Path(admin_crm.__file__).parent
TESTS = Path(__file__).parent
NAMED_AFTER_FOLDER = {"bulk", "cli", "diagnosis", "frames", "mcp", "plots", "testing"}
# Tested with what uses it: the logger, the shared parts of the doctor, `python -m`, and the local stack on its own.
ELSEWHERE = {"__main__.py", "_core/log.py", "diagnosis/checks.py"}


def test_every_module_has_a_file_of_unit_tests() -> None:
    missing = []
    for path in PACKAGE.rglob("*.py"):
        module = path.relative_to(PACKAGE)
        if path.name == "__init__.py" or "local" in module.parts or module.as_posix() in ELSEWHERE:
            continue
        folder = module.parts[0]
        name = (
            "models" if folder == "models" else f"{folder}_{path.stem}" if folder in NAMED_AFTER_FOLDER else path.stem
        )
        if not (TESTS / f"test_{name}.py").exists():
            missing.append(f"{module}: test_{name}.py")
    assert missing == []


def test_no_file_of_unit_tests_is_longer_than_340_lines() -> None:
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in TESTS.glob("*.py")}
    assert {name: lines for name, lines in lengths.items() if lines > 340} == {}
