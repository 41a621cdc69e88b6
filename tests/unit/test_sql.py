"""The SQL that a shop may install has the names of that shop."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from admin_crm import InvalidInputError, Settings
from admin_crm.cli.commands import app
from admin_crm.sql import directory_sql, moderation_sql


def test_the_sql_reads_the_view_and_makes_the_function_of_the_settings():
    text = directory_sql(Settings(view="Kunden", directory_function="kunden_auf_einmal"), key="customer_id")
    assert 'from public."Kunden" listed' in text
    assert "create or replace function public.kunden_auf_einmal(" in text
    assert "listed.customer_id > $1" in text
    assert "customer_intelligence_360" not in text
    assert "customer_directory" not in text


@pytest.mark.parametrize("options", [{"key": "email"}, {"settings": Settings(directory_function=None)}])
def test_a_key_that_is_none_and_a_function_without_a_name_are_refused(options):
    with pytest.raises(InvalidInputError):
        directory_sql(**options)


def test_the_command_prints_the_sql(no_environment):
    printed = CliRunner().invoke(app, ["sql", "directory"])
    assert printed.exit_code == 0
    assert printed.stdout == directory_sql()


def test_the_sql_of_moderation_has_the_names_of_the_settings():
    names = Settings(
        profiles_table="Clientes",
        admins_table="jefes",
        moderation_log_table="sanciones",
        moderation_function="sancionar",
    )
    text = moderation_sql(names)
    assert "create or replace function public.sancionar(" in text
    assert 'before insert or update on public."Clientes"' in text
    assert "create table if not exists public.sanciones (" in text
    assert "exists (select from public.jefes where id = (select auth.uid()))" in text
    for usual in ("customer_profiles", "admin_users", "moderation_log", "moderate_customer"):
        assert f"public.{usual}" not in text


def test_a_function_of_moderation_without_a_name_is_refused():
    with pytest.raises(InvalidInputError, match="moderation_function"):
        moderation_sql(Settings(moderation_function=None))


def test_the_command_prints_the_sql_of_moderation(no_environment):
    printed = CliRunner().invoke(app, ["sql", "moderation"])
    assert printed.exit_code == 0
    assert printed.stdout == moderation_sql()
