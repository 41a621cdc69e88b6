-- Shops with English labels.

create or replace function public.customer_segment(recency integer, frequency bigint, monetary numeric)
returns text language sql immutable as $$
  select case
    when frequency = 0 then 'Prospects'
    when recency > 180 then 'churn_risk'
    when recency > 90 then 'At Risk'
    when recency <= 30 and frequency >= 8 and monetary >= 10000 then 'Champions'
    when frequency >= 5 then 'Loyal'
    when frequency <= 2 and recency <= 45 then 'New'
    else 'Regular'
  end
$$;

create or replace function public.customer_health(recency integer, frequency bigint) returns text
language sql immutable as $$
  select case
    when frequency = 0 then 'Inactive'
    when recency <= 45 then 'Healthy'
    when recency <= 120 then 'Stable'
    when recency <= 240 then 'Needs Attention'
    else 'Churning'
  end
$$;
