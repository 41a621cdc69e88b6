"""``python manage.py lift_suspensions``, for cron."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from admin_crm import AdminCRMError, lift_expired_suspensions
from shop.crm import crm


class Command(BaseCommand):
    """Reactivate customers whose suspension has ended."""

    help = "Reactivate customers whose suspension has ended."

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            lifted = lift_expired_suspensions(crm())
        except AdminCRMError as error:
            raise CommandError(str(error)) from error  # one line on stderr, and the exit code 1
        self.stdout.write(f"{len(lifted)} suspensions have ended")
