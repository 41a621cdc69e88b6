# %% [markdown]
# What each segment is worth. Needs pandas (`pip install 'admin-crm[notebook]'`); opens as a notebook in editors that
# know `# %%` cells, and runs as a script.

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
        "spent": float(customer.total_spent or 0),  # charts want floats; sums of money want Decimal
    }
    for customer in customers
)

# %%
by_segment = frame.groupby("segment").agg(customers=("spent", "size"), orders=("orders", "sum"), spent=("spent", "sum"))
by_segment["per_customer"] = (by_segment["spent"] / by_segment["customers"]).round(2)
print(by_segment.sort_values("spent", ascending=False))
