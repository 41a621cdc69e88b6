"""What the shop's Edge Functions make of a customer: tags, a message, a story, a plan.

The functions may ask a language model, which costs money and time (150 s are allowed). What only reads is
asked once more after a broken connection or a server that is not well; what may create a coupon never is,
unless the request provably never left.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from admin_crm._core import validation as check
from admin_crm._core.fields import Model
from admin_crm._functions.invoke import invoke, read
from admin_crm._postgrest.query import Json
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import (
    AdminCRMError,
    EdgeFunctionError,
    InvalidInputError,
    RequestTimeoutError,
    ServiceUnavailableError,
    UnexpectedResponseError,
)
from admin_crm.models import AdminNotes
from admin_crm.notes import change_tags

_TRIES = 2


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Tags = Annotated[list[str], AfterValidator(_distinct)]
Steps = Annotated[list[str], BeforeValidator(lambda steps: steps or [])]
Discount = Annotated[Decimal | str, Field(union_mode="left_to_right")]


class TagSuggestion(Model):
    """Tags proposed for a customer, with the segment and the reasons; `apply_suggested_tags` adds them."""

    tags: Tags
    segment: Text
    reasoning: str


class Insight(Model):
    """Something worth knowing about the shop; `type` is the function's own word, such as ``warning``."""

    type: Text
    title: Text
    description: str


class SuggestedCoupon(Model):
    """A coupon for a customer; `discount` is a number, or a text such as ``15%`` where it is sent as one."""

    code: Text
    discount: Discount | None = None
    reason: str | None = None


class LoyaltyAnalysis(Model):
    """What to do for a customer's loyalty: one of the two answers of `get_strategic_loyalty_analysis`."""

    analysis: Text
    suggested_coupon: SuggestedCoupon | None = None
    recovery_message: str | None = None
    next_steps: Steps = Field(default_factory=list[str])


class LoyaltyProposition(Model):
    """An offer that the function has stored: the other answer of `get_strategic_loyalty_analysis`."""

    id: UUID | str
    customer_id: UUID
    generated_code: Text
    personalized_message: Text
    discount_value: Decimal
    discount_type: Text
    segment_at_generation: str | None = None

    @property
    def suggested_coupon(self) -> SuggestedCoupon:
        """The coupon, where `LoyaltyAnalysis` has it."""
        return SuggestedCoupon(code=self.generated_code, discount=self.discount_value)

    @property
    def recovery_message(self) -> str:
        """The message to the customer, where `LoyaltyAnalysis` has it."""
        return self.personalized_message


class _Message(Model):
    message: Text


class _Narrative(Model):
    narrative: Text


class _Insights(Model):
    insights: list[Insight]


@operation
async def suggest_customer_tags(crm: AnyCRM, customer_id: UUID | str) -> TagSuggestion:
    """Return tags and a segment proposed for a customer; nothing is changed.

    Args:
        crm: the connection.
        customer_id: the customer.

    Returns:
        The proposal, for a person to read and `apply_suggested_tags` to apply.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the function knows no such customer.
        PermissionDeniedError: the function does not answer this key.
        RateLimitedError: the model's quota is used up.
        EdgeFunctionError: the function failed.
        UnexpectedResponseError: the model's answer lacks something; `field` names it.
        SchemaMismatchError: the function is not deployed.

    Asks the Edge Function `customer-intelligence`.

    Example:
        >>> suggestion = suggest_customer_tags(crm, customer_id)
        >>> suggestion.tags, suggestion.reasoning
    """
    customer, settings = check.uuid(customer_id), crm.settings
    body = _body(settings.suggest_tags_action, customer)
    return read(await _invoke_again(crm, settings.intelligence_function, body), TagSuggestion)


@operation
async def apply_suggested_tags(crm: AnyCRM, customer_id: UUID | str, suggestion: TagSuggestion) -> AdminNotes:
    """Add the tags of a suggestion to a customer, keeping all others, as `add_customer_tags` does.

    Raises:
        InvalidInputError: the suggestion has no tags, or one is longer than 60 characters.
        CustomerNotFoundError: there is no such profile for this key.
        PermissionDeniedError: this key may not write notes.
        ConflictError: others kept changing the row; nothing was written.

    Writes `admin_customer_notes`.

    Example:
        >>> suggestion = suggest_customer_tags(crm, customer_id)
        >>> apply_suggested_tags(crm, customer_id, suggestion).tags
    """
    customer = check.uuid(customer_id)
    tags = [check.text(tag, "suggestion", most=60) for tag in suggestion.tags]
    if not tags:
        raise InvalidInputError("the suggestion has no tags", argument="suggestion")
    return await change_tags(crm, customer, add=tags)


@operation
async def generate_whatsapp_message(crm: AnyCRM, customer_id: UUID | str, context: str | None = None) -> str:
    """Return a WhatsApp message written for a customer; it is not sent.

    Args:
        crm: the connection.
        customer_id: the customer.
        context: what the message is about, at most 2,000 characters; by default whatever suits the customer.

    Raises:
        InvalidInputError: the id is not a UUID, or the context is blank or too long.
        CustomerNotFoundError: the function knows no such customer.
        AdminCRMError: as `suggest_customer_tags`.

    Asks the Edge Function `customer-intelligence`.

    Example:
        >>> generate_whatsapp_message(crm, customer_id, "Her order is ready to be picked up")
    """
    customer, settings = check.uuid(customer_id), crm.settings
    body = _body(settings.whatsapp_action, customer)
    if context is not None:
        body["context"] = check.text(context, "context", most=2_000)
    return read(await _invoke_again(crm, settings.intelligence_function, body), _Message).message


@operation
async def get_customer_narrative(crm: AnyCRM, customer_id: UUID | str) -> str:
    """Return a customer's story in a few sentences.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the function knows no such customer.
        AdminCRMError: as `suggest_customer_tags`.

    Asks the Edge Function `customer-narrative`; `Settings` can name an action of another function instead.

    Example:
        >>> print(get_customer_narrative(crm, customer_id))
    """
    customer, settings = check.uuid(customer_id), crm.settings
    body = _body(settings.narrative_action, customer)
    return read(await _invoke_again(crm, settings.narrative_function, body), _Narrative).narrative


@operation
async def get_strategic_loyalty_analysis(crm: AnyCRM, customer_id: UUID | str) -> LoyaltyAnalysis | LoyaltyProposition:
    """Return what to do for a customer's loyalty; in some shops this creates a coupon.

    Therefore it is never repeated by itself. If it fails after it was sent, the error's hint says that the
    coupon may be there.

    Returns:
        A `LoyaltyAnalysis`, or in shops whose function stores an offer a `LoyaltyProposition`. Both have
        `suggested_coupon` and `recovery_message`.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the function knows no such customer.
        AdminCRMError: as `suggest_customer_tags`.

    Asks the Edge Function `loyalty-intelligence`; `Settings` can name an action of another function instead.

    Example:
        >>> plan = get_strategic_loyalty_analysis(crm, customer_id)
        >>> plan.suggested_coupon.code if plan.suggested_coupon else None
    """
    customer, settings = check.uuid(customer_id), crm.settings
    body = _body(settings.loyalty_action, customer)
    try:
        answer = await invoke(crm, settings.loyalty_function, body, repeatable=False)
        return read(answer, LoyaltyProposition) if "generated_code" in answer else read(answer, LoyaltyAnalysis)
    except (EdgeFunctionError, RequestTimeoutError, ServiceUnavailableError, UnexpectedResponseError) as error:
        _warn_of_coupon(error)
        raise


@operation
async def get_proactive_insights(crm: AnyCRM) -> list[Insight]:
    """Return what is worth knowing about the shop at present; perhaps nothing.

    Raises:
        AdminCRMError: as `suggest_customer_tags`.

    Asks the Edge Function `customer-intelligence`.

    Example:
        >>> for insight in get_proactive_insights(crm):
        ...     print(insight.title)
    """
    body = _body(crm.settings.insights_action)
    return read(await _invoke_again(crm, crm.settings.intelligence_function, body), _Insights).insights


def _body(action: str | None, customer: UUID | None = None) -> Json:
    given = {"customerId": customer and str(customer), "action": action}
    return {name: value for name, value in given.items() if value is not None}


async def _invoke_again(crm: AnyCRM, function: str, body: Json) -> Json:
    """Ask for something that creates nothing: once more where the server may not have got to it."""
    tries = min(_TRIES, crm.settings.retry_attempts)
    return await invoke(crm.with_options(attempts=tries), function, body, repeatable=True)


def _warn_of_coupon(error: AdminCRMError) -> None:
    refused = isinstance(error, EdgeFunctionError) and 400 <= (error.status or 0) < 500
    if not refused and not getattr(error, "unsent", False):
        error.retryable = False
        error.hint = "a coupon may have been created all the same: look for it before asking again"
