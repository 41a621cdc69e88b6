# %% [markdown]
# The revenue of each segment. Needs pandas (`pip install 'admin-crm[notebook]'`). Runs as a script, and opens as a
# notebook in editors that support `# %%` cells.

# %%
from admin_crm import AdminCRM, customers_frame

with AdminCRM.from_env() as crm:
    frame = customers_frame(crm, columns=["canonical_segment", "segment", "total_orders", "total_spent"])

# %%
segment = frame["canonical_segment"].fillna(frame["segment"])
by_segment = frame.groupby(segment).agg(
    customers=("total_spent", "size"),
    orders=("total_orders", "sum"),
    spent=("total_spent", "sum"),  # float for charts; use Decimal to add up money
)
by_segment["per_customer"] = (by_segment["spent"] / by_segment["customers"]).round(2)
print(by_segment.sort_values("spent", ascending=False))
