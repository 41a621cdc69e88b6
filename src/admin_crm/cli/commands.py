"""The `admin-crm` command: the customers of a shop on Supabase, from the terminal.

The project is given by SUPABASE_URL and SUPABASE_SECRET_KEY, or by an administrator's sign-in, in the environment or
in `.env`. Exit codes: 0 done; 1 an error, or one of many items failed; 2 wrong usage, such as an invalid id;
130 Ctrl-C.
"""

from __future__ import annotations

import sys
import traceback
from importlib.metadata import version
from typing import Annotated, Any

from admin_crm import AdminCRMError, InvalidInputError
from admin_crm.local import LocalStackError

try:
    import rich  # noqa: F401  # pyright: ignore[reportUnusedImport]
    import typer
    from typer.core import TyperGroup
except ModuleNotFoundError:
    sys.stderr.write("admin-crm needs its extras: pip install 'admin-crm[cli,local]'\n")
    raise SystemExit(1) from None

from admin_crm.cli import ai, creation, customers, evidence, export, loyalty, mcp, moderation, notes, plot, project
from admin_crm.cli.output import tell

EXPECTED = (AdminCRMError, LocalStackError, OSError, ImportError)
"""Errors that say in one line what is wrong: ours, the disk's, and a missing package."""


class _Commands(TyperGroup):
    """The commands; an expected error prints one line and exits with code 1, or 2 for what was typed wrong."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            if ctx.params.get("debug"):
                sys.stderr.write("".join(traceback.format_exception(error)))  # it has no local variables
            tell(error, style="red")
            raise typer.Exit(2 if isinstance(error, InvalidInputError) else 1) from None
        except KeyboardInterrupt:
            tell("stopped by Ctrl-C; what is done stays done")
            raise typer.Exit(130) from None


app = typer.Typer(
    name="admin-crm",
    cls=_Commands,
    no_args_is_help=True,
    help=__doc__,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # Python's own traceback has no local variables
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"admin-crm {version('admin-crm')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Take the options of all commands; `_Commands` reads --debug."""


app.command()(customers.customers)
app.command("show")(customers.show_customer)
app.command()(customers.stats)
app.command()(customers.orders)
app.command()(customers.timeline)
app.command()(customers.locked)
app.command()(export.export)
app.command()(plot.plot)
app.command()(moderation.status)
app.command()(moderation.ban)
app.command()(moderation.suspend)
app.command()(moderation.reinstate)
app.command()(moderation.lift_expired)
app.command()(notes.notify)
app.command()(notes.notes)
app.command()(notes.tag)
app.command()(notes.untag)
app.command()(notes.fields)
app.add_typer(evidence.app, name="evidence")
app.command()(loyalty.points)
app.command()(creation.create)
app.command("import")(creation.import_customers)
app.add_typer(ai.app, name="ai")
app.command("doctor")(project.run_doctor)
app.command("sql")(project.print_sql)
app.command()(mcp.mcp)
app.command()(project.local)
app.command()(project.demo)


def main() -> None:
    """Run the command line."""
    app()
