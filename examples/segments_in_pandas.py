# %% [markdown]
# The revenue of each segment. Needs pandas (`pip install 'admin-crm[notebook]'`). Runs as a script, and opens as a
# notebook in editors that support `# %%` cells.

# %%
import pandas as pd

from admin_crm import AdminCRM, get_all_customers

with AdminCRM.from_env() as crm:
    customers = get_all_customers(crm)

# %%
frame = pd.DataFrame(
    {
        "segment": customer.canonical_segment or customer.segment,
        "orders": customer.total_orders or 0,
        "spent": float(customer.total_spent or 0),  # float for charts; use Decimal to add up money
    }
    for customer in customers
)

# %%
by_segment = frame.groupby("segment").agg(customers=("spent", "size"), orders=("orders", "sum"), spent=("spent", "sum"))
by_segment["per_customer"] = (by_segment["spent"] / by_segment["customers"]).round(2)
print(by_segment.sort_values("spent", ascending=False))
