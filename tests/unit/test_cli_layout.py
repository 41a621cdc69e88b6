"""Tables fit the terminal: text is cut before it vanishes, numbers never, and what is left out is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from admin_crm.cli.layout import Column, fitted, pairs, plain_text, yes_or_no
from cli_helpers import shown

ID = "c0ffee00-0000-4000-8000-000000000001"
COLUMNS = (Column("Id", good=36, least=9), Column("Name", least=10), "Segment", Column("Spent", number=True))
ROW = (ID, "Guadalupe González de la Rosa", "Campeón", "1,234,567.50")


def test_a_wide_terminal_shows_everything() -> None:
    table = shown(fitted(COLUMNS, [ROW]), width=120)
    assert all(cell in table for cell in ROW)
    assert "no room" not in table


def test_a_narrow_terminal_cuts_and_names_what_it_leaves_out() -> None:
    table = shown(fitted(COLUMNS, [ROW]), width=40)
    assert "c0ffee00" in table
    assert "Guadalupe" in table
    assert "…" in table
    assert "no room for: Spent" in table


@given(width=st.integers(20, 200), name=st.text(max_size=60), spent=st.integers(0, 10**12))
def test_no_line_is_wider_than_the_terminal_and_no_cell_is_blank(width: int, name: str, spent: int) -> None:
    table = shown(fitted(COLUMNS, [(ID, name, "Campeón", f"{spent:,}")]), width=width)
    lines = table.splitlines()
    row = next(line for line in lines if line.startswith("│"))
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells[0]
    if "Spent" in lines[1]:
        assert cells[-1] == f"{spent:,}"  # a number is whole, or not there
    assert max(cell_len(line.rstrip()) for line in lines) <= width


def test_a_text_is_cut_before_its_column_is_left_out() -> None:
    columns = ("Date", Column("Points", number=True), Column("Description", good=40))
    table = shown(fitted(columns, [("2026-11-28", 250, "Compra P-005841 con envío")]), width=40)
    assert "Compra P-0058…" in table
    assert "no room" not in table


def test_a_table_without_rows_has_its_header() -> None:
    assert "Segment" in shown(fitted(COLUMNS, []))


def test_a_long_id_is_whole_in_several_lines() -> None:
    assert "".join(cell.strip() for line in shown(pairs("Customer", {"id": ID}), width=30).splitlines()
                   for cell in line.split("│")[2:3]) == ID  # fmt: skip


@pytest.mark.parametrize("text", ["\x1b[2J", "a\u202eb", "a\nb", "\x07", "\x9b31m"])
def test_control_characters_do_not_reach_the_terminal(text: str) -> None:
    assert str(plain_text(text)).isprintable()


def test_flags_are_words() -> None:
    assert [yes_or_no(flag) for flag in (True, False, None)] == ["yes", "no", None]
