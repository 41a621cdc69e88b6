"""Write the whole directory to a CSV file: `python examples/directory_to_csv.py customers.csv`."""

import csv
import sys
from pathlib import Path

from admin_crm import AdminCRM, get_all_customers

COLUMNS = ["id", "full_name", "email", "phone", "segment", "total_orders", "total_spent", "created_at"]


def harmless(cell: object) -> object:
    """Put an apostrophe before a formula: names are customer input, and a spreadsheet would run it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "@", "\t", "\r")) else cell


def main(path: Path) -> None:
    with AdminCRM.from_env() as crm:
        customers = get_all_customers(crm)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([harmless(getattr(customer, name)) for name in COLUMNS] for customer in customers)
    print(f"{len(customers)} customers written to {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "customers.csv"))
