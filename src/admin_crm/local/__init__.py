"""A whole Supabase on this machine, started with nothing but wheels."""

from admin_crm.local.stack import LocalStack, LocalStackError

__all__ = ["LocalStack", "LocalStackError"]
