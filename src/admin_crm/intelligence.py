"""The shop's Edge Functions: tags, messages, narratives and loyalty plans for a customer.

The functions may call a language model, which costs money and time (the timeout is 150 s). A function that only
reads is retried once after a lost connection or if the server is unhealthy. A function that may create a coupon
is not retried, unless the request provably never reached the server.
"""

from __future__ import annotations

from uuid import UUID

from admin_crm._core import validation as check
from admin_crm._core.fields import Model
from admin_crm._core.rows import Json
from admin_crm._core.secret_key import has_secret_key
from admin_crm._functions.invoke import Answer, invoke, read
from admin_crm._postgrest.offers import Before, last_offer, offer_since
from admin_crm._postgrest.query import customer_not_found, exists
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import (
    AdminCRMError,
    EdgeFunctionError,
    InvalidInputError,
    InvalidTypeError,
    RequestTimeoutError,
    ServiceUnavailableError,
    UnexpectedResponseError,
)
from admin_crm.models import (
    AdminNotes,
    Insight,
    LoyaltyAnalysis,
    LoyaltyProposition,
    SuggestedCoupon,
    TagSuggestion,
)
from admin_crm.models.intelligence import Text
from admin_crm.notes import change_tags

__all__ = [
    "Insight",
    "LoyaltyAnalysis",
    "LoyaltyProposition",
    "SuggestedCoupon",
    "TagSuggestion",
    "apply_suggested_tags",
    "generate_whatsapp_message",
    "get_customer_narrative",
    "get_proactive_insights",
    "get_strategic_loyalty_analysis",
    "suggest_customer_tags",
]

_MAX_ATTEMPTS = 2
_TOO_LITTLE = "no hay datos suficientes"
"""How the answer begins that there is too little to tell of a customer."""


class _Message(Model):
    message: Text


class _Narrative(Model):
    narrative: Text


class _Insights(Model):
    insights: list[Insight]


@operation
async def suggest_customer_tags(crm: AnyCRM, customer_id: UUID | str) -> TagSuggestion:
    """Return suggested tags and a segment for a customer; changes nothing.

    Args:
        crm: the connection.
        customer_id: the customer.

    Returns:
        The suggestion; `apply_suggested_tags` applies it. A model may leave out the segment or the reasoning.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: the function rejects these credentials.
        RateLimitedError: the quota of the language model is used up.
        EdgeFunctionError: the function failed.
        UnexpectedResponseError: the model's output lacks a field; `field` names it.
        SchemaMismatchError: the function is not deployed, or does not support the action (`kind` says which); the
            hint names the setting.

    Invokes the Edge Function `customer-intelligence`; where it refuses, reads `customer_profiles`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> suggestion = suggest_customer_tags(crm, customer_id)
        >>> suggestion.tags, suggestion.reasoning
    """
    customer, settings = check.uuid(customer_id), crm.settings
    body = _body(settings.suggest_tags_action, customer)
    answer = await _ask(crm, settings.intelligence_function, body, "suggest_tags_action", customer)
    suggestion = read(answer, TagSuggestion)
    if not suggestion.tags and "tags" in suggestion.unreadable:
        raise UnexpectedResponseError("the suggestion has no tags that can be read", field="tags")
    return suggestion


@operation
async def apply_suggested_tags(crm: AnyCRM, customer_id: UUID | str, suggestion: TagSuggestion) -> AdminNotes:
    """Add the tags of a suggestion to a customer and keep all other tags, as `add_customer_tags` does.

    Args:
        crm: the connection.
        customer_id: the customer.
        suggestion: what `suggest_customer_tags` returned.

    Raises:
        InvalidInputError: the suggestion has no tags, or a tag is longer than 60 characters.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: these credentials are not allowed to write notes.
        ConflictError: the row kept changing; nothing was written.

    Writes `admin_customer_notes`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> suggestion = suggest_customer_tags(crm, customer_id)
        >>> apply_suggested_tags(crm, customer_id, suggestion).tags
    """
    customer = check.uuid(customer_id)
    if not isinstance(suggestion, TagSuggestion):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(
            f"suggestion must be a TagSuggestion, not {type(suggestion).__name__}",
            argument="suggestion",
            hint="add_customer_tags takes a list of tags",
        )
    tags = [check.text(tag, "suggestion", max_length=60) for tag in suggestion.tags]
    if not tags:
        raise InvalidInputError("the suggestion has no tags", argument="suggestion")
    return await change_tags(crm, customer, add=tags)


@operation
async def generate_whatsapp_message(crm: AnyCRM, customer_id: UUID | str, context: str | None = None) -> str:
    """Return a WhatsApp message written for a customer; does not send it.

    Args:
        crm: the connection.
        customer_id: the customer.
        context: the subject of the message, at most 2,000 characters; None lets the function choose.

    Raises:
        InvalidInputError: the id is not a UUID, or the context is empty or too long.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        AdminCRMError: the same errors as `suggest_customer_tags`.

    Invokes the Edge Function `customer-intelligence`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> generate_whatsapp_message(crm, customer_id, "Her order is ready to be picked up")
    """
    customer, settings = check.uuid(customer_id), crm.settings
    body = _body(settings.whatsapp_action, customer)
    if context is not None:
        body["context"] = check.text(context, "context", max_length=2_000)
    answer = await _ask(crm, settings.intelligence_function, body, "whatsapp_action", customer)
    return read(answer, _Message).message


@operation
async def get_customer_narrative(crm: AnyCRM, customer_id: UUID | str) -> str | None:
    """Return a short narrative about a customer.

    Args:
        crm: the connection.
        customer_id: the customer.

    Returns:
        The narrative; None where the function answers that there is too little to tell ("No hay datos suficientes").

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        AdminCRMError: the same errors as `suggest_customer_tags`.

    Invokes the Edge Function `customer-narrative`; `Settings` can select an action of another function instead.

    Needs an administrator's session or the secret key.

    Examples:
        >>> print(get_customer_narrative(crm, customer_id))
    """
    customer, settings = check.uuid(customer_id), crm.settings
    body = _body(settings.narrative_action, customer)
    answer = await _ask(crm, settings.narrative_function, body, "narrative_action", customer)
    narrative = read(answer, _Narrative).narrative
    if not narrative.casefold().startswith(_TOO_LITTLE):
        return narrative
    if not await _is_visible(crm, customer):  # as deployed, the function says the same of a customer it does not know
        raise customer_not_found()
    return None


@operation
async def get_strategic_loyalty_analysis(crm: AnyCRM, customer_id: UUID | str) -> LoyaltyAnalysis | LoyaltyProposition:
    """Return a loyalty plan for a customer; in some shops this creates a coupon.

    For this reason the request is not retried after it was sent. If it fails then, the offer is looked up where the
    function stores it, and returned if it is there (`recovered` is True). Otherwise the error's hint warns that the
    coupon may exist.

    Args:
        crm: the connection.
        customer_id: the customer.

    Returns:
        A `LoyaltyAnalysis`, or a `LoyaltyProposition` in shops whose function stores an offer. Both have
        `suggested_coupon` and `recovery_message`.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        AdminCRMError: the same errors as `suggest_customer_tags`.

    Invokes the Edge Function `loyalty-intelligence`; `Settings` can select an action of another function instead.
    Reads `smart_loyalty_propositions`, in shops that have it.

    Needs an administrator's session or the secret key; as deployed, only the secret key sees the offers, so a session
    alone finds none.

    Examples:
        >>> plan = get_strategic_loyalty_analysis(crm, customer_id)
        >>> plan.suggested_coupon.code if plan.suggested_coupon else None
    """
    customer, settings = check.uuid(customer_id), crm.settings
    body = _body(settings.loyalty_action, customer)
    before = await last_offer(crm, customer)
    try:
        answer = await _ask(crm, settings.loyalty_function, body, "loyalty_action", customer, creates=True)
        return read(answer, LoyaltyProposition) if "generated_code" in answer.values else read(answer, LoyaltyAnalysis)
    except (EdgeFunctionError, RequestTimeoutError, ServiceUnavailableError, UnexpectedResponseError) as error:
        if _created_nothing(error):
            raise
        offer = await offer_since(crm, customer, before)
        if offer is None:
            error.retryable, error.hint = False, _coupon_hint(crm, before)
            raise
    return offer.model_copy(update={"recovered": True})


@operation
async def get_proactive_insights(crm: AnyCRM) -> list[Insight]:
    """Return current insights about the shop; the list may be empty.

    Raises:
        AdminCRMError: the same errors as `suggest_customer_tags`.

    Invokes the Edge Function `customer-intelligence`.

    Needs an administrator's session or the secret key.

    Examples:
        >>> for insight in get_proactive_insights(crm):
        ...     print(insight.title)
    """
    body = _body(crm.settings.insights_action)
    return read(await _ask(crm, crm.settings.intelligence_function, body, "insights_action"), _Insights).insights


def _body(action: str | None, customer: UUID | None = None) -> Json:
    fields = {"customerId": customer and str(customer), "action": action}
    return {name: value for name, value in fields.items() if value is not None}


async def _ask(
    crm: AnyCRM, function: str, body: Json, action_setting: str, customer: UUID | None = None, *, creates: bool = False
) -> Answer:
    """Invoke a function; one that creates nothing is retried once at most.

    As deployed, functions answer every failure with 400. What the reason is not is found out only then.
    """
    if not creates:
        crm = crm.with_options(attempts=min(_MAX_ATTEMPTS, crm.settings.retry_attempts))
    try:
        return await invoke(crm, function, body, action_setting=action_setting, repeatable=not creates)
    except EdgeFunctionError as error:
        if customer is None or (error.status or 500) >= 500:
            raise
        if not await _is_visible(crm, customer):
            raise customer_not_found() from error
        error.hint = "the customer exists, so the reason is another: see the function's log"
        raise


async def _is_visible(crm: AnyCRM, customer: UUID) -> bool:
    """Return whether this key sees a customer; True where that cannot be told, and the first error says more."""
    try:
        return await exists(crm, customer)
    except AdminCRMError:
        return True


def _created_nothing(error: AdminCRMError) -> bool:
    # A function that answers every failure with 400 may fail after it created the coupon.
    rejected = isinstance(error, EdgeFunctionError) and 400 < (error.status or 0) < 500
    return rejected or getattr(error, "unsent", False)


def _coupon_hint(crm: AnyCRM, before: Before | None) -> str:
    hint = "a coupon may have been created anyway: check for it before you call again"
    if before is None:
        return hint
    if not has_secret_key(crm):
        return f"{hint}; get_loyalty_offers tells, with the secret key"
    return f"{hint}; no new offer is stored so far, and get_loyalty_offers tells whether one is later"
