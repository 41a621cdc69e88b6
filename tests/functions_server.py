"""The addresses of the Edge Functions, and what they answer."""

from __future__ import annotations

import json

import httpx

from helpers import PROFILES, REST, URL

CUSTOMER = "c0ffee00-0000-4000-8000-000000000001"
INTELLIGENCE = f"{URL}/functions/v1/customer-intelligence"
NARRATIVE = f"{URL}/functions/v1/customer-narrative"
LOYALTY = f"{URL}/functions/v1/loyalty-intelligence"
OFFERS = f"{REST}/smart_loyalty_propositions"
TAGS = {"tags": ["vip", " vip ", "", "regalos"], "segment": "Campeón", "reasoning": "Compra cada mes."}
PROPOSITION = {
    "id": "9f0c6f9e-0000-4000-8000-000000000001",
    "customer_id": CUSTOMER,
    "generated_code": "VUELVE15",
    "personalized_message": "Te extrañamos",
    "discount_value": 15.50,
    "discount_type": "percentage",
}


def knows(functions, *customers):
    """Let the shop have these customers and no others."""
    return functions.get(PROFILES).mock(return_value=httpx.Response(200, json=[{"id": each} for each in customers]))


def stores(functions, *answers):
    """Let the table of offers answer each read in turn: with rows, or as a response says."""
    responses = [each if isinstance(each, httpx.Response) else httpx.Response(200, json=each) for each in answers]
    return functions.get(OFFERS).mock(side_effect=responses)


def answers(functions, url, *given, **kwargs):
    responses = [each if isinstance(each, httpx.Response | type) else httpx.Response(200, json=each) for each in given]
    return functions.post(url, **kwargs).mock(side_effect=responses)


def body_of(route):
    return json.loads(route.calls.last.request.content)
