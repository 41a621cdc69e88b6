"""SQL that a shop may install, so that the library can do more or do it faster: `admin-crm sql` prints it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

from admin_crm.errors import InvalidInputError
from admin_crm.settings import Settings

__all__ = ["directory_sql", "moderation_sql"]


def directory_sql(settings: Settings | None = None, *, key: str = "id") -> str:
    """Return the SQL of the function that reads the directory at once; makes no request.

    Where the shop has the function, `get_all_customers`, `iter_customers`, `get_directory_stats`, frames and exports
    use it: one request instead of one for each thousand customers, and one evaluation of the view. It shows nothing
    that the view does not show to whoever asks.

    Args:
        settings: the names of the view and of the function; the defaults if left out.
        key: the view's key column, ``id`` or ``customer_id``.

    Raises:
        InvalidInputError: the settings name no function, or the key is neither of both.

    Examples:
        >>> print(directory_sql())
    """
    names = settings or Settings()
    if names.directory_function is None:
        raise InvalidInputError("the setting directory_function names no function", argument="settings")
    if key not in ("id", "customer_id"):
        raise InvalidInputError(f"key must be id or customer_id, not {key!r}", argument="key")
    text = _read("directory", {"customer_intelligence_360": names.view, "customer_directory": names.directory_function})
    return text.replace("listed.id", f"listed.{key}")


def moderation_sql(settings: Settings | None = None) -> str:
    """Return the SQL that makes a ban hold and keeps a record of it; makes no request.

    It installs a guard trigger on the profiles, so that only administrators and the secret key change a customer's
    status, suspension, tier and totals; the table `moderation_log`, which `get_moderation_history` and
    `get_customer_timeline` read; and the function through which `moderate_customer` writes status and log in one
    transaction. Running it again changes nothing.

    Args:
        settings: the names of the tables and of the function; the defaults if left out.

    Raises:
        InvalidInputError: the settings name no function.

    Examples:
        >>> print(moderation_sql())
    """
    names = settings or Settings()
    if names.moderation_function is None:
        raise InvalidInputError("the setting moderation_function names no function", argument="settings")
    return _read(
        "moderation",
        {
            "customer_profiles": names.profiles_table,
            "admin_users": names.admins_table,
            "moderation_log": names.moderation_log_table,
            "moderate_customer": names.moderation_function,
        },
    )


def _read(name: str, names: Mapping[str, str]) -> str:
    """Read a file of this folder, with the shop's names in place of the usual ones."""
    text = files(__name__).joinpath(f"{name}.sql").read_text("utf-8")
    return re.sub(r"public\.(\w+)", lambda found: f"public.{_quoted(names.get(found[1], found[1]))}", text)


def _quoted(name: str) -> str:
    """Quote a name where SQL asks for it."""
    if name.isascii() and name.isidentifier() and name == name.lower():
        return name
    return '"' + name.replace('"', '""') + '"'
