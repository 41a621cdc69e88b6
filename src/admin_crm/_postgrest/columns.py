"""Which columns of the view to ask for: those of the wanted fields, by the names that this shop has (R12)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pydantic import AliasChoices, BaseModel

from admin_crm._core import validation as check
from admin_crm._core.connection import facts_of
from admin_crm.client import AnyCRM
from admin_crm.errors import InvalidInputError, SchemaMismatchError
from admin_crm.models import AdminCustomer
from admin_crm.models.customers import COMPUTED_FROM

KEY = "id"
OTHER_KEY = "customer_id"

_FRAME = (
    "id", "full_name", "email", "phone", "whatsapp", "birthdate", "created_at", "account_status", "tier", "segment",
    "canonical_segment", "health_status", "canonical_health", "total_orders", "total_spent", "recency_days",
    "frequency", "monetary", "is_contactable", "age",
)  # fmt: skip
"""The columns of a frame of customers."""
_PERSONAL = {
    "full_name", "email", "phone", "customer_phone", "whatsapp", "birthdate", "avatar_url", "ai_preferences",
    "ia_context",
}  # fmt: skip
"""What says who somebody is, how to reach them, or what they told the shop's AI (R8)."""
OTHER_NAMES = {"customer_id": "id", "customer_phone": "phone", "customer_tier": "tier"}
"""The fields that fill columns which a caller may name as some shops do."""


def directory_fields(columns: Sequence[str] | None, *needed: str) -> list[str] | None:
    """Return the fields of a customer that fill the columns a caller asks for; None for all."""
    if columns is None:
        return None
    named = [*check.names(columns, "columns"), *needed]
    return list(dict.fromkeys(field for name in named for field in COMPUTED_FROM.get(name, (name,))))


def select_list(crm: AnyCRM, model: type[BaseModel], fields: Iterable[str] | None, key: str) -> list[str] | None:
    """Return the columns that fill some fields of a model; None, which is all columns, where no fields are named.

    Args:
        crm: the connection, which knows what columns this shop has not.
        model: the model of a row.
        fields: names of its fields, or of columns that it does not have.
        key: the view's key column, which is always among them.
    """
    if fields is None:
        return None
    absent = facts_of(crm).absent_view_columns
    chosen = {key: None}
    for field in fields:
        names = [KEY, OTHER_KEY] if field == KEY else column_names(model, field)
        present = next((name for name in names if name not in absent), None)
        if present is not None and field != KEY:
            chosen[present] = None
    return list(chosen)


def column_names(model: type[BaseModel], field: str) -> Sequence[str]:
    """Return the names that a field's column has in the shops, the usual one first."""
    known = model.model_fields.get(field)
    alias = known.validation_alias if known is not None else None
    if isinstance(alias, AliasChoices):
        return [str(each) for each in alias.choices]
    return [alias if isinstance(alias, str) else field]


def note_missing_column(crm: AnyCRM, error: SchemaMismatchError, selected: Sequence[str] | None) -> bool:
    """Learn from an error that the view lacks a column; returns whether to ask again without it.

    Raises:
        InvalidInputError: it is nearly the name of one that the library knows.
    """
    facts = facts_of(crm)
    if error.kind != "column" or error.name is None:
        return False
    if error.name == KEY and facts.view_key is None:
        facts.view_key = OTHER_KEY
        return True
    if error.name in (selected or ()) and error.name not in facts.absent_view_columns:
        _refuse_misspelt(error.name)
        facts.absent_view_columns.add(error.name)
        return True
    return False


def _refuse_misspelt(column: str) -> None:
    """Raise where a column that the view does not have is most likely a typing error, not a column of another shop."""
    known = {*_FRAME, *COMPUTED_FROM}.union(*(column_names(AdminCustomer, each) for each in AdminCustomer.model_fields))
    meant = None if column in known else check.nearest(column, known, cutoff=0.8)
    if meant is not None:
        raise InvalidInputError(
            f"the view has no column {check.shown(column)}", argument="columns", hint=f"did you mean {meant!r}?"
        )


def frame_columns(columns: Sequence[str] | None, *, personal: bool) -> list[str]:
    """Return the columns of a frame or an export of customers: those that are asked for, or the usual ones.

    Raises:
        InvalidInputError: a column is personal, and `personal` is not set.
    """
    return chosen_columns(columns, _FRAME, _PERSONAL, personal=personal)


def chosen_columns(
    columns: Sequence[str] | None, usual: Sequence[str], hidden: Collection[str], *, personal: bool
) -> list[str]:
    """Return the columns that are asked for, or the usual ones; the hidden ones only where they are wanted.

    Raises:
        InvalidInputError: a hidden column is asked for, and `personal` is not set.
    """
    if columns is None:
        return [name for name in usual if personal or name not in hidden]
    asked = check.names(columns, "columns")
    refused = [name for name in asked if name in hidden and not personal]
    if refused:
        raise InvalidInputError(f"personal columns need personal=True: {', '.join(refused)}", argument="columns")
    return asked
