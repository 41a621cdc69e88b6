"""The connection of this process, made when it is first needed, so that each worker has its own."""

from functools import cache

from admin_crm import AdminCRM


@cache
def crm() -> AdminCRM:
    """Connect with what the environment says."""
    return AdminCRM.from_env()
