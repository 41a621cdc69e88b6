"""The local stack's database is the shop's, to the column: its catalog is compared with `shop_facts`."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import shop_facts
from admin_crm.local import LocalStack
from shop_facts import TABLES, Table

pytestmark = pytest.mark.xdist_group("local-closed")

TABLE = pytest.mark.parametrize("name", TABLES)
COMMANDS = ("SELECT", "INSERT", "UPDATE", "DELETE")
ROLES = ("anon", "authenticated", "service_role")


def columns_of(stack: LocalStack, name: str) -> dict[str, str]:
    """The columns of a table or view, written as in the facts."""
    rows = stack.execute_sql(
        "select column_name, udt_name, is_nullable, column_default from information_schema.columns"
        f" where table_schema = 'public' and table_name = '{name}' order by ordinal_position"
    )
    return {
        row["column_name"]: told(
            re.sub(r"^_(.*)", r"\1[]", row["udt_name"]), row["is_nullable"] == "NO", row["column_default"]
        )
        for row in rows
    }


def told(kind: str, required: bool, default: str | None) -> str:
    """A column's facts in one text; a default without its cast, and JSON without its order."""
    plain = re.sub(r"::[\w\[\] ]+$", "", default or "")
    if plain.startswith("'{\""):
        plain = json.dumps(json.loads(plain.strip("'")), sort_keys=True)
    return " ".join(filter(None, [kind, "!" if required else "", plain]))


def facts_of(table: Table) -> dict[str, str]:
    found = {}
    for line in table.columns.strip().splitlines():
        name, kind, rest = (*line.split(maxsplit=2), "")[:3]
        found[name] = told(kind, rest.startswith("!"), rest.removeprefix("!").strip())
    return found


def constraints_of(stack: LocalStack, name: str, kind: str) -> list[dict[str, Any]]:
    return stack.execute_sql(
        "select pg_get_constraintdef(oid) as definition,"
        " (select string_agg(attname, ', ' order by place) from unnest(conkey) with ordinality keys (number, place)"
        "   join pg_attribute on attrelid = conrelid and attnum = number) as columns,"
        " confrelid::regclass::text as target, confdeltype::text as deletion"
        f" from pg_constraint where conrelid = 'public.{name}'::regclass and contype = '{kind}'"
    )


def policies_of(stack: LocalStack, schema: str, name: str) -> set[str]:
    """Who may do what, each command by itself."""
    rows = stack.execute_sql(
        "select cmd, permissive, qual, with_check from pg_policies"
        f" where schemaname = '{schema}' and tablename = '{name}'"
    )
    found = set()
    for row in rows:
        assert row["permissive"] == "PERMISSIVE"
        for command in COMMANDS if row["cmd"] == "ALL" else (row["cmd"],):
            # Where a policy says nothing of new rows, they are held to what it says of old ones.
            terms = [row["with_check"] or row["qual"]] if command == "INSERT" else [row["qual"]]
            if command == "UPDATE":
                terms.append(row["with_check"] or row["qual"])
            found |= {f"{command}: {who(term)}" for term in terms}
    return found


def who(term: str) -> str:
    """Whom a policy's condition lets in; the condition itself where it is none of the known."""
    plain = re.sub(r"\( ?SELECT (auth\.uid\(\)|(?:public\.)?is_admin\(\)) AS \w+\)", r"\1", term)
    if own := re.fullmatch(r"\((\w+) = auth\.uid\(\)\)", plain):
        return f"{own[1]} is mine"
    plain = re.sub(r"^\(?\(bucket_id = 'customer-evidence'::text\) AND (.*?)\)?$", r"\1", plain)
    known = {"true": "everybody", "is_active": "what is active", "is_admin()": "administrators"}
    known["(is_active AND (status = 'active'::text))"] = "what is active"
    return known.get(plain.removeprefix("public."), plain)


def expanded(policies: set[str] | frozenset[str]) -> set[str]:
    """The facts' policies, with one for each command in place of `ALL`."""
    found = set()
    for policy in policies:
        command, person = policy.split(": ", 1)
        found |= {f"{each}: {person}" for each in (COMMANDS if command == "ALL" else (command,))}
    return found


@TABLE
def test_a_table_has_the_shops_columns_with_their_types_nulls_and_defaults(name: str, stack: LocalStack) -> None:
    found, facts = columns_of(stack, name), facts_of(TABLES[name])
    assert {column: found.get(column) for column in facts} == facts
    if TABLES[name].whole:
        assert found.keys() == facts.keys()


@TABLE
def test_a_table_has_the_shops_keys(name: str, stack: LocalStack) -> None:
    assert [each["columns"] for each in constraints_of(stack, name, "p")] == [TABLES[name].key]
    assert {each["columns"] for each in constraints_of(stack, name, "u")} == set(TABLES[name].unique)


@TABLE
def test_a_table_checks_what_the_shops_does(name: str, stack: LocalStack) -> None:
    found = {
        each["columns"]: set(re.findall(r"'([^']+)'", each["definition"])) for each in constraints_of(stack, name, "c")
    }
    if name == "store_settings":  # of which there is one row
        assert [each["definition"] for each in constraints_of(stack, name, "c")] == ["CHECK ((id = 1))"]
    elif TABLES[name].whole:
        assert found == TABLES[name].checks


@TABLE
def test_a_table_refers_to_what_the_shops_does(name: str, stack: LocalStack) -> None:
    deletion = {"c": " cascade", "n": " set null", "a": ""}
    found = {
        each["columns"]: each["target"].removeprefix("public.")
        + re.sub(r".*REFERENCES [\w.]+\((\w+)\).*", r".\1", each["definition"])
        + deletion[each["deletion"]]
        for each in constraints_of(stack, name, "f")
    }
    assert found == TABLES[name].references


@TABLE
def test_row_level_security_lets_in_whom_the_shops_does(name: str, stack: LocalStack) -> None:
    assert policies_of(stack, "public", name) == expanded(TABLES[name].policies)
    [secured] = stack.execute_sql(f"select relrowsecurity from pg_class where oid = 'public.{name}'::regclass")
    assert secured["relrowsecurity"]


@pytest.mark.parametrize("name", [*TABLES, "customer_intelligence_360"])
def test_everything_is_granted_to_everybody_so_that_the_policies_alone_decide(name: str, stack: LocalStack) -> None:
    for role in ROLES:
        rights = ", ".join(f"has_table_privilege('{role}', 'public.{name}', '{each}') as {each}" for each in COMMANDS)
        [granted] = stack.execute_sql(f"select {rights}")
        assert all(granted.values()), (role, granted)


def test_there_is_no_table_or_view_that_the_shop_has_not(stack: LocalStack) -> None:
    found = stack.execute_sql("select table_name from information_schema.tables where table_schema = 'public'")
    assert {each["table_name"] for each in found} == {*TABLES, "customer_intelligence_360"}


def test_the_directory_has_the_shops_columns_in_their_order(stack: LocalStack) -> None:
    facts = [tuple(each.split()) for each in shop_facts.VIEW_COLUMNS.split(",")]
    found = columns_of(stack, "customer_intelligence_360")
    assert list(found.items()) == facts
    [view] = stack.execute_sql(
        "select reloptions::text from pg_class where oid = 'public.customer_intelligence_360'::regclass"
    )
    assert view["reloptions"] == "{security_invoker=off}"


def test_the_same_triggers_run(stack: LocalStack) -> None:
    rows = stack.execute_sql(
        "select tgrelid::regclass::text as on_table, pg_get_triggerdef(oid) as definition from pg_trigger"
        " where not tgisinternal and tgrelid::regclass::text not like 'storage.%'"
    )
    found = [
        (row["on_table"].removeprefix("public."), re.search(r"(BEFORE|AFTER) [A-Z ]+?(?= ON )", row["definition"]))
        for row in rows
    ]
    goods = {("products", "BEFORE UPDATE")}
    assert sorted((table, when[0]) for table, when in found if when) == sorted({*shop_facts.TRIGGERS} | goods)


@pytest.mark.parametrize("name", shop_facts.RPCS)
def test_a_function_takes_and_returns_what_the_shops_does(name: str, stack: LocalStack) -> None:
    arguments, result, rights = shop_facts.RPCS[name]
    rows = stack.execute_sql(
        "select pg_get_function_arguments(oid) as arguments, prorettype::regtype::text as result, prosecdef,"
        " has_function_privilege('authenticated', oid, 'execute') as callable"
        f" from pg_proc where proname = '{name}' and pronamespace = 'public'::regnamespace"
    )
    plain = re.sub(r" DEFAULT (\w+)(::\w+)?", r" = \1", rows[0]["arguments"])
    for long, short in {"integer": "int4", "character varying": "varchar"}.items():
        plain = plain.replace(long, short)
    assert plain == arguments
    assert rows[0]["result"].replace("integer", "int4") == result
    assert (len(rows), rows[0]["prosecdef"], rows[0]["callable"]) == (1, rights == "definer", True)


def test_only_administrators_add_and_see_evidence(stack: LocalStack) -> None:
    rows = stack.execute_sql("select public from storage.buckets where id = 'customer-evidence'")
    assert rows == [{"public": False}]
    assert policies_of(stack, "storage", "objects") == shop_facts.EVIDENCE_POLICIES
