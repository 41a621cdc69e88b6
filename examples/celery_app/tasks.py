"""What a shop does in the background: suspensions end every night, and whole segments are notified.

    celery --workdir examples/celery_app -A tasks worker --beat

The environment names the project, as for every program, and CELERY_BROKER_URL the broker.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab

from admin_crm import (
    AdminCRM,
    AdminCRMError,
    lift_expired_suspensions,
    notify_customers,
    select_customers,
    send_customer_notification,
)

JOURNALS = Path("journals")
"""Where each campaign notes whom it has notified; on a disk that all workers share."""

app = Celery("shop", broker=os.environ.get("CELERY_BROKER_URL", "memory://"))
app.conf.task_acks_late = True  # a task whose worker dies runs again
app.conf.timezone = "America/Mexico_City"
app.conf.beat_schedule = {
    "suspensions end": {"task": "tasks.lift_suspensions", "schedule": crontab(hour="3", minute="30")}
}


@cache
def crm() -> AdminCRM:
    """Return the connection of this worker process. It gives up soon, because Celery tries again."""
    return AdminCRM.from_env().with_options(deadline=10)


class ShopTask(Task):
    """A task that runs again later if the shop could not answer, and fails at once if it refused."""

    max_retries = 8

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except AdminCRMError as error:
            if not error.retryable:
                raise
            raise self.retry(exc=error, countdown=getattr(error, "retry_after", None) or 60) from error


@app.task(base=ShopTask)
def lift_suspensions() -> int:
    """Reactivate the customers whose suspension has ended."""
    return len(lift_expired_suspensions(crm()))


@app.task(base=ShopTask, bind=True)
def notify(self: Task, customer_id: str, title: str, message: str) -> str:
    """Notify a customer: once for each task, however often it runs."""
    sent = send_customer_notification(crm(), customer_id, title, message, idempotency_key=self.request.id)
    return str(sent.id)


@app.task(base=ShopTask)
def notify_segment(segment: str, title: str, message: str, campaign: str) -> dict[str, int]:
    """Notify a segment: each customer once for each campaign, wherever a task stops and goes on."""
    customers = select_customers(crm(), segment=segment, locked=False, columns=["segment"])
    JOURNALS.mkdir(exist_ok=True)
    result = notify_customers(crm(), customers, title, message, journal=JOURNALS / f"{campaign}.jsonl")
    return {"notified": len(result.done), "failed": len(result.failed)}
