"""`admin-crm evidence`: a customer's files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from admin_crm import (
    AdminCRM,
    delete_customer_evidence,
    download_customer_evidence,
    list_customer_evidence,
    upload_evidence_files,
)
from admin_crm.cli.layout import plain_text
from admin_crm.cli.many import RunOptions, confirm, counted, run
from admin_crm.cli.options import AsJson, Journal, OneId, Yes
from admin_crm.cli.output import progress_bar, show, write_json
from admin_crm.cli.tables import Tables

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List, add, get and remove a customer's files.")

Paths = Annotated[list[str], typer.Argument(metavar="PATH...", help="Paths in the bucket, as `list` shows them.")]


@app.command("list")
def list_files(
    customer: OneId,
    *,
    names: Annotated[bool, typer.Option("--names", help="With the original names; a request for each file.")] = False,
    as_json: AsJson = False,
) -> None:
    """List a customer's files, newest first."""
    with AdminCRM.from_env() as crm:
        files = list_customer_evidence(crm, customer, original_names=names)
    write_json(files) if as_json else show(Tables().evidence_paths(files), whole=True)


@app.command()
def add(
    customer: OneId,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pictures, videos or PDF.")],
    *,
    journal: Journal = None,
    as_json: AsJson = False,
) -> None:
    """Upload files of a customer."""
    with AdminCRM.from_env() as crm:
        upload = partial(upload_evidence_files, crm, {customer: files})
        run(
            upload,
            f"Upload {counted(len(files), 'file')}",
            len(files),
            RunOptions(yes=True, journal=journal, as_json=as_json),
        )


@app.command()
def get(
    path: Annotated[str, typer.Argument(help="The path in the bucket, as `list` shows it.")],
    to: Annotated[Path | None, typer.Argument(help="The file to write; by default in the current folder.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Download a file."""
    target = Path(path.rpartition("/")[2]) if to is None else to
    if target.is_dir():
        target /= path.rpartition("/")[2]
    with AdminCRM.from_env() as crm, progress_bar("Downloading") as progress:
        size = download_customer_evidence(crm, path, target, progress=progress)
    if as_json:
        write_json({"path": path, "file": str(target), "size": size})
    else:
        show(plain_text(f"{size:,} bytes: {target}"))


@app.command()
def rm(paths: Paths, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete files permanently."""
    confirm(f"Delete {counted(len(paths), 'file')} permanently", yes=yes)
    with AdminCRM.from_env() as crm:
        deleted = delete_customer_evidence(crm, paths)
    write_json({"deleted": deleted}) if as_json else show(f"{len(deleted):,} deleted")
