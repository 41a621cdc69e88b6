"""Find a customer and print a summary: `python examples/find_customer.py "Lucía Fernández"`."""

import sys

from admin_crm import AdminCRM, get_admin_customer_details, search_customers, tier_progress


def main(text: str) -> None:
    with AdminCRM.from_env() as crm:
        found = search_customers(crm, text)
        print(f"{found.total} customers contain {text!r}")
        for customer in found.items[:3]:
            detail = get_admin_customer_details(crm, customer.id)
            progress = tier_progress(detail)
            print(f"\n{detail.full_name} ({detail.account_status}), {detail.segment}")
            print(f"  {detail.orders_summary.total_orders} orders, {detail.orders_summary.total_spent} spent")
            if progress.next_tier:
                print(f"  {progress.tier}, {progress.amount_to_next} to go to {progress.next_tier}")
            if detail.admin_notes:
                print(f"  tags: {', '.join(detail.admin_notes.tags)}")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "Lucía Fernández")
