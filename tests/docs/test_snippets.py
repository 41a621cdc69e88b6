"""What README and guide show runs, page by page, on a local stack."""

import re
from pathlib import Path
from typing import Any

import pytest

from admin_crm.local import LocalStack
from shops import local_only

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python(?: title=.*?)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = {
    str(page.relative_to(ROOT)): BLOCK.findall(page.read_text("utf-8"))
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
}

pytestmark = local_only  # they write as they like


@pytest.mark.filterwarnings(
    "ignore:The .(timeout|verify). parameter is deprecated:DeprecationWarning"
)  # supabase-py's own
@pytest.mark.parametrize("page", [name for name, snippets in PAGES.items() if snippets])
def test_the_snippets_of_a_page_run_one_after_the_other(
    page: str, playground: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in playground.environment.items():
        monkeypatch.setenv(name, value)
    seen: dict[str, Any] = {"__name__": "snippets"}
    for number, snippet in enumerate(PAGES[page], start=1):
        exec(compile(snippet, f"{page} snippet {number}", "exec"), seen)


def test_the_sql_that_checks_a_shop_runs_and_finds_nothing_missing_in_this_one(playground: LocalStack) -> None:
    queries = re.findall(
        r"^```sql\n(.*?)^```$", (ROOT / "docs" / "shop.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    view, missing, policies, triggers, bucket, functions, index = map(playground.execute_sql, queries)
    assert view == [{"asks_who_is_signed_in": True, "runs_with_the_callers_rights": False}]
    assert missing == []
    assert {row["tablename"] for row in policies} >= {"customer_profiles", "orders", "admin_customer_notes"}
    assert [row["tgname"] for row in triggers] == ["on_auth_user_created"]
    assert [row["public"] for row in bucket] == [False]
    assert [row["proname"] for row in functions] == ["get_customer_points_balance"]
    assert len(index) == 1
