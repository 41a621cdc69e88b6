"""SQL that a shop may install, so that the library can do more or do it faster: `admin-crm sql` prints it."""

from __future__ import annotations

from importlib.resources import files

from admin_crm.errors import InvalidInputError
from admin_crm.settings import Settings

__all__ = ["directory_sql"]


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
    text = files(__name__).joinpath("directory.sql").read_text("utf-8")
    defaults = Settings()
    return (
        text.replace(f"public.{defaults.view}", f"public.{_quoted(names.view)}")
        .replace(f"public.{defaults.directory_function}", f"public.{_quoted(names.directory_function)}")
        .replace("listed.id", f"listed.{key}")
    )


def _quoted(name: str) -> str:
    """Quote a name where SQL asks for it."""
    if name.isascii() and name.isidentifier() and name == name.lower():
        return name
    return '"' + name.replace('"', '""') + '"'
