-- Shops that call the column `tier`.

alter table public.customer_profiles rename column customer_tier to tier;
alter view public.customer_intelligence_360 rename column customer_tier to tier;
do $$ begin
  execute replace(pg_get_functiondef('public.count_delivered_orders'::regproc), 'customer_tier', 'tier');
end $$;
