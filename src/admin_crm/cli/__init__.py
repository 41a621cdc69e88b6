"""The `admin-crm` command."""

from admin_crm.cli.commands import app, main

__all__ = ["app", "main"]
