"""The command's tests. They need no server and no database: a fake answers in the shop's place.

python examples/django_app/manage.py test shop
"""

from io import StringIO
from unittest.mock import patch

from django.core.management import CommandError, call_command
from django.test import SimpleTestCase

from admin_crm import CustomerProfile, PermissionDeniedError
from admin_crm.testing import FakeAdminCRM

LUCIA = CustomerProfile(id="c0ffee00-0000-4000-8000-000000000001", full_name="Lucía Fernández")


class LiftSuspensionsTests(SimpleTestCase):
    def lift(self, crm: FakeAdminCRM) -> str:
        printed = StringIO()
        with patch("shop.management.commands.lift_suspensions.crm", lambda: crm):
            call_command("lift_suspensions", stdout=printed)
        return printed.getvalue()

    def test_it_counts_the_suspensions_that_have_ended(self) -> None:
        self.assertEqual(self.lift(FakeAdminCRM(lift_expired_suspensions=[LUCIA])), "1 suspensions have ended\n")

    def test_an_error_is_one_line_and_an_exit_code(self) -> None:
        with self.assertRaisesMessage(CommandError, "not an administrator"):
            self.lift(FakeAdminCRM(lift_expired_suspensions=PermissionDeniedError("not an administrator")))
