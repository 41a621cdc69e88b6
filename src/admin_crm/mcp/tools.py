"""A function as a tool: strict arguments, annotations, and errors in plain words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, NamedTuple

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import ToolAnnotations
from pydantic import ConfigDict, ValidationError

from admin_crm.errors import AdminCRMError
from admin_crm.mcp.presentation import in_plain_words


class Reading(NamedTuple):
    """A function that an agent may always call."""

    function: Callable[..., Awaitable[Any]]
    title: str
    open_world: bool = False
    """Whether a language model of the shop answers."""

    @property
    def annotations(self) -> ToolAnnotations:
        """What a client may know of it."""
        return ToolAnnotations(
            title=self.title,
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=not self.open_world,
            open_world_hint=self.open_world,
        )


class Writing(NamedTuple):
    """A function that an agent may call if the server allows it."""

    function: Callable[..., Awaitable[Any]]
    title: str
    destructive: bool = False
    """Whether it replaces, removes or locks something."""
    idempotent: bool = True
    """Whether a second call with the same arguments changes nothing more."""
    open_world: bool = False
    """Whether it reaches somebody outside of the shop's database."""

    @property
    def annotations(self) -> ToolAnnotations:
        """What a client may know of it."""
        return ToolAnnotations(
            title=self.title,
            read_only_hint=False,
            destructive_hint=self.destructive,
            idempotent_hint=self.idempotent,
            open_world_hint=self.open_world,
        )


class PlainTool(Tool):
    """A tool whose errors say in plain words what to do, without a secret and without a traceback."""

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        """Run the tool."""
        try:
            return await super().run(arguments, context, convert_result)
        except UnexpectedToolError as error:
            if isinstance(error.__cause__, AdminCRMError):
                raise ToolError(in_plain_words(error.__cause__)) from None
            raise
        except ToolError as error:
            cause = error.__cause__
            raise ToolError(_wrong(cause) if isinstance(cause, ValidationError) else str(cause)) from None


@cache
def tool_of(offered: Reading | Writing) -> Tool:
    """Return the tool of a function, which refuses arguments that it does not know."""
    tool = PlainTool.from_function(
        offered.function, title=offered.title, annotations=offered.annotations, structured_output=True
    )
    known = tool.fn_metadata.arg_model
    tool.fn_metadata.arg_model = type(known.__name__, (known,), {"model_config": ConfigDict(extra="forbid")})
    tool.parameters = {**tool.parameters, "additionalProperties": False}
    return tool


def _wrong(error: ValidationError) -> str:
    """Return what is wrong with the arguments, without repeating them."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found)
