"""The tour shows the code that it runs."""

from __future__ import annotations

from admin_crm.cli import tour
from admin_crm.cli.tables import Tables


def test_the_code_of_a_step_is_the_source_that_runs_without_its_docstring() -> None:
    def answer(crm: object) -> int:
        """Say it."""
        question = 6
        return question * 7

    step: tour.Step[object, int] = tour.Step("Ask", answer, Tables.text)
    assert step.text == "Say it."
    assert step.code.splitlines() == [
        "def answer(crm: object) -> int:",
        "    question = 6",
        "    return question * 7",
    ]


def test_a_step_without_a_docstring_shows_all_of_its_source() -> None:
    def answer(crm: object) -> int:
        return 42

    step: tour.Step[object, int] = tour.Step("Ask", answer, Tables.text)
    assert step.code.splitlines() == ["def answer(crm: object) -> int:", "    return 42"]
