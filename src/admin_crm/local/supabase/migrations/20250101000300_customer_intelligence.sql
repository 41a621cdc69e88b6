-- The directory: every customer with contact, spending and segment (recency, frequency, monetary).

create function public.customer_segment(recency integer, frequency bigint, monetary numeric) returns text
language sql immutable as $$
  select case
    when frequency = 0 then 'Prospecto'
    when recency > 180 then 'Casi Perdido'
    when recency > 90 then 'En Riesgo'
    when recency <= 30 and frequency >= 8 and monetary >= 10000 then 'Campeón'
    when frequency >= 5 then 'Leal'
    when frequency <= 2 and recency <= 45 then 'Nuevo'
    else 'Regular'
  end
$$;

create function public.customer_health(recency integer, frequency bigint) returns text
language sql immutable as $$
  select case
    when frequency = 0 then 'Sin Actividad'
    when recency <= 45 then 'Saludable'
    when recency <= 120 then 'Estable'
    else 'Requiere Atención'
  end
$$;

-- Days since the last order; null when there is none.
create function public.customer_recency(last_order timestamptz) returns integer
language sql stable as $$
  select (now()::date - last_order::date)
$$;

-- The view reads auth.users, so it has its owner's rights and must itself say who may look.
-- No role at all is the database's owner, at the SQL prompt.
create function public.may_see_directory() returns boolean
language sql stable as $$
  select coalesce(auth.role(), 'service_role') = 'service_role' or public.is_admin()
$$;

create view public.customer_intelligence_360 as
with purchases as (
  select customer_id, count(*) as orders, sum(total) as spent, max(created_at) as last_order
  from public.orders
  where status not in ('cancelled', 'cancelado', 'canceled')
  group by customer_id
), customers as (
  select
    profile.*,
    coalesce(account.email, 'Sin Email')::text as email,
    public.customer_recency(purchases.last_order) as recency_days,
    coalesce(purchases.orders, 0) as frequency,
    coalesce(purchases.spent, 0) as monetary
  from public.customer_profiles profile
  join auth.users account on account.id = profile.id
  left join purchases on purchases.customer_id = profile.id
)
select
  id, full_name, email, avatar_url, phone, whatsapp, birthdate, account_status, customer_tier, created_at,
  frequency as total_orders,
  monetary as total_spent,
  recency_days, frequency, monetary,
  public.customer_segment(recency_days, frequency, monetary) as segment,
  public.customer_health(recency_days, frequency) as health_status,
  ai_preferences, ia_context
from customers
where (select public.may_see_directory());

revoke all on public.customer_intelligence_360 from anon, authenticated;
grant select on public.customer_intelligence_360 to authenticated, service_role;
