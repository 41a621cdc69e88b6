"""Count the customers who may be won back, by tier: at risk, with a phone number, neither banned nor suspended."""

from collections import Counter

from admin_crm import AdminCRM, CustomerTier, select_customers


def main() -> None:
    with AdminCRM.from_env() as crm:
        customers = select_customers(
            crm, segment="at_risk", orders_min=1, contactable=True, locked=False, columns=["tier", "monetary"]
        )
    spent = sum(customer.monetary or 0 for customer in customers)
    print(f"{len(customers)} customers to win back, who have spent {spent:,.2f}")
    by_tier = Counter(customer.tier for customer in customers)
    for tier in CustomerTier:
        print(f"  {tier}: {by_tier[tier]}")


if __name__ == "__main__":
    main()
