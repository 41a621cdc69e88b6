-- The directory: a row for each profile, with e-mail, spending and segment (recency, frequency, monetary).

create function public.customer_segment(recency integer, frequency bigint, monetary numeric) returns text
language sql immutable as $$
  select case
    when recency <= 15 and frequency >= 3 then 'Campeón'
    when recency <= 30 and frequency >= 2 then 'Leal'
    when recency > 45 then 'En Riesgo'
    when recency is null then 'Prospecto'
    else 'Regular'
  end
$$;

create function public.customer_health(recency integer, frequency bigint) returns text
language sql immutable as $$
  select case
    when recency <= 7 then 'Saludable'
    when recency <= 30 then 'Estable'
    when recency > 30 then 'Requiere Atención'
    else 'Sin Actividad'
  end
$$;

-- Whole days since the last order; 365 where there is none, who therefore is no prospect but at risk.
create function public.customer_recency(last_order timestamptz) returns integer
language sql stable as $$
  select coalesce(extract(day from now() - last_order)::integer, 365)
$$;

create function public.is_bought(status text) returns boolean language sql immutable as $$
  select status <> 'cancelled'
$$;

-- The view reads auth.users, so it has its owner's rights and must itself say who may look. As deployed
-- only an administrator's session sees everybody. Here a secret key does too, so that one key is enough
-- for a first look; and so does no role at all, which is the database's owner at the SQL prompt. The
-- variant `gated_view` takes that back.
create function public.sees_everybody() returns boolean language sql stable as $$
  select public.is_admin() or coalesce(auth.role(), 'service_role') = 'service_role'
$$;

create view public.customer_intelligence_360 with (security_invoker = off) as
with purchases as (
  select customer_id, count(*) as orders, sum(total) as spent, max(created_at) as last_order
  from public.orders
  where public.is_bought(status)
  group by customer_id
), customers as (
  select
    profile.*,
    coalesce(account.email, 'Sin Email')::text as email,
    coalesce(account.raw_user_meta_data ->> 'avatar_url', profile.avatar_url) as picture,
    public.customer_recency(purchases.last_order) as recency_days,
    coalesce(purchases.orders, 0) as frequency,
    coalesce(purchases.spent, 0) as monetary,
    purchases.last_order as last_order_date
  from public.customer_profiles profile
  left join auth.users account on account.id = profile.id
  left join purchases on purchases.customer_id = profile.id
  where (select public.sees_everybody()) or profile.id = (select auth.uid())
)
select
  id as customer_id, id, full_name, phone as customer_phone, phone, whatsapp, birthdate, customer_tier,
  -- Delivered orders, unlike frequency and monetary, which count whatever is not cancelled.
  total_orders, total_spent,
  favorite_category_id, created_at, updated_at, ia_context, ai_preferences, account_status, suspension_end,
  email, picture as avatar_url, recency_days, frequency, monetary, last_order_date,
  public.customer_segment(recency_days, frequency, monetary) as segment,
  public.customer_health(recency_days, frequency) as health_status
from customers;
