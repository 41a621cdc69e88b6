"""A local Supabase on this machine, installed from Python wheels only."""

from admin_crm.local.errors import LocalStackError
from admin_crm.local.stack import LocalStack

__all__ = ["LocalStack", "LocalStackError"]
