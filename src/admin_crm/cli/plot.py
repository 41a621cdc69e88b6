"""`admin-crm plot`: a picture of customers or orders, in a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from admin_crm import AdminCRM, customers_frame, orders_frame, plots
from admin_crm._core.backends import require
from admin_crm.cli.layout import plain_text
from admin_crm.cli.options import AsJson
from admin_crm.cli.output import show, usage_error, write_json

_SUFFIXES = (".png", ".svg", ".pdf")
_OF_ORDERS = frozenset({"cohorts", "retention", "orders_by_month"})


class Picture(StrEnum):
    """The pictures of `admin_crm.plots`."""

    COHORTS = "cohorts"
    HEALTH = "health"
    ORDERS_BY_MONTH = "orders-by-month"
    RECENCY_FREQUENCY = "recency-frequency"
    RETENTION = "retention"
    RFM_HEATMAP = "rfm-heatmap"
    SEGMENTS = "segments"
    SPEND = "spend"
    TIERS = "tiers"


class Language(StrEnum):
    """The language of the words in a picture."""

    SPANISH = "es"
    ENGLISH = "en"


def plot(
    picture: Annotated[Picture, typer.Argument(help="What to draw.")],
    path: Annotated[Path, typer.Argument(help="The file to write: .png, .svg or .pdf.", dir_okay=False)],
    *,
    language: Annotated[Language, typer.Option(help="The language of the words.")] = Language.SPANISH,
    as_json: AsJson = False,
) -> None:
    """Draw customers or orders into a file. Nothing personal is in it."""
    if path.suffix.lower() not in _SUFFIXES:
        raise usage_error(f"the path of a picture must end with {', '.join(_SUFFIXES)}")
    name = picture.value.replace("-", "_")
    require("matplotlib", "plots").use("Agg")  # no window
    draw: Any = getattr(plots, name)
    with AdminCRM.from_env() as crm:
        if name in _OF_ORDERS:
            axes = draw(orders_frame(crm), language=language.value, time_zone=crm.settings.time_zone)
        else:
            axes = draw(customers_frame(crm), language=language.value)
    axes.figure.savefig(path, dpi=150)
    if as_json:
        write_json({"picture": picture.value, "path": str(path)})
    else:
        show(plain_text(f"{picture.value} drawn to {path}"))
