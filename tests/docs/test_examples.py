"""Every example runs as it stands, with nothing but the environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from admin_crm.local import LocalStack

EXAMPLES = Path(__file__).parents[2] / "examples"
TOLD = {
    "async_report.py": "{count} customers",
    "directory_to_csv.py": "{count} customers written",
    "find_customer.py": "Lucía Fernández Ibarra (active), Campeón",
    "segments_in_pandas.py": "champion",
    "win_back.py": "customers to win back, who have spent",
}


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_an_example_runs_and_prints_what_it_found(example: str, playground: LocalStack, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / example)],
        cwd=tmp_path, env={**os.environ, **playground.environment, "PYTHONUTF8": "1"},
        capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (customers,) = playground.execute_sql("select count(*) from customer_intelligence_360")
    assert TOLD[example].format(**customers) in done.stdout
