"""The tasks' tests. They need no server and no broker: a fake answers in the shop's place, and tasks run at once.

pytest examples/celery_app
"""

from pathlib import Path

import pytest

import tasks
from admin_crm import BulkResult, Notification, PermissionDeniedError, ServiceUnavailableError
from admin_crm.testing import FakeAdminCRM, in_turn, make_customer

LUCIA = "c0ffee00-0000-4000-8000-000000000001"
SENT = Notification(id=LUCIA, user_id=LUCIA, title="Hola", message="¡Gracias!")


@pytest.fixture
def crm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAdminCRM:
    """What answers in the shop's place."""
    fake = FakeAdminCRM()
    monkeypatch.setattr(tasks, "crm", lambda: fake)
    monkeypatch.setattr(tasks, "JOURNALS", tmp_path / "journals")
    return fake


def test_suspensions_end_every_night(crm: FakeAdminCRM) -> None:
    crm.set_answers(lift_expired_suspensions=[])
    assert tasks.lift_suspensions.apply().get() == 0
    [scheduled] = tasks.app.conf.beat_schedule.values()
    assert scheduled["task"] in tasks.app.tasks


def test_a_task_runs_again_where_the_shop_was_down_and_notifies_with_one_key(crm: FakeAdminCRM) -> None:
    crm.set_answers(send_customer_notification=in_turn(ServiceUnavailableError("down"), SENT))
    assert tasks.notify.apply(args=[LUCIA, "Hola", "¡Gracias!"], task_id="order-4711").get() == LUCIA
    assert [call.arguments["idempotency_key"] for call in crm.calls] == ["order-4711", "order-4711"]


def test_a_task_that_is_refused_fails_at_once(crm: FakeAdminCRM) -> None:
    crm.set_answers(lift_expired_suspensions=PermissionDeniedError("not an administrator"))
    with pytest.raises(PermissionDeniedError):
        tasks.lift_suspensions.apply().get()
    assert len(crm.calls) == 1


def test_a_segment_is_notified_with_the_journal_of_its_campaign(crm: FakeAdminCRM, tmp_path: Path) -> None:
    customer = make_customer()
    crm.set_answers(select_customers=[customer], notify_customers=BulkResult("notify_customers", done=[customer.id]))
    outcome = tasks.notify_segment.apply(args=["champion", "Hola", "¡Gracias!", "thanks"]).get()
    assert outcome == {"notified": 1, "failed": 0}
    assert crm.calls[1].arguments["journal"] == tmp_path / "journals" / "thanks.jsonl"
