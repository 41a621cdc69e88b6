"""Write all customers to a CSV, .xlsx, .parquet or .jsonl file: `python examples/directory_to_csv.py customers.csv`."""

import sys

from admin_crm import AdminCRM, export_customers

COLUMNS = ["id", "full_name", "email", "phone", "segment", "total_orders", "total_spent", "created_at"]


def main(path: str) -> None:
    with AdminCRM.from_env() as crm:
        done = export_customers(crm, path, columns=COLUMNS)
    print(f"{done.rows} customers written to {done.path}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "customers.csv")
