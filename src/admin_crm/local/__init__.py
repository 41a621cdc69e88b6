"""A whole Supabase on this machine, started with nothing but wheels."""

from admin_crm.local.errors import LocalStackError
from admin_crm.local.stack import LocalStack

__all__ = ["LocalStack", "LocalStackError"]
