-- Who may do what: visitors browse, customers see to their own, administrators to everyone.

create function public.is_admin() returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select from public.admin_users where id = auth.uid())
$$;

-- Start from nothing, since the platform grants everything to everyone.
revoke all on all tables in schema public from anon, authenticated;
grant select on public.products, public.categories to anon;
grant select, insert, update, delete on all tables in schema public to authenticated;
grant all on all tables in schema public to service_role;

alter table public.admin_users enable row level security;
alter table public.categories enable row level security;
alter table public.products enable row level security;
alter table public.customer_profiles enable row level security;
alter table public.addresses enable row level security;
alter table public.orders enable row level security;
alter table public.admin_customer_notes enable row level security;
alter table public.user_notifications enable row level security;

create policy "administrators know each other" on public.admin_users
  for select to authenticated using (id = (select auth.uid()) or (select public.is_admin()));

create policy "everyone browses categories" on public.categories for select using (true);
create policy "administrators keep categories" on public.categories
  to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
create policy "everyone browses products" on public.products for select using (true);
create policy "administrators keep products" on public.products
  to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));

create policy "administrators keep profiles" on public.customer_profiles
  to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
create policy "customers see their profile" on public.customer_profiles
  for select to authenticated using (id = (select auth.uid()));
create policy "customers create their profile" on public.customer_profiles
  for insert to authenticated with check (id = (select auth.uid()));
create policy "customers edit their profile" on public.customer_profiles
  for update to authenticated using (id = (select auth.uid())) with check (id = (select auth.uid()));

create policy "administrators keep addresses" on public.addresses
  to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
create policy "customers keep their addresses" on public.addresses
  to authenticated using (customer_id = (select auth.uid())) with check (customer_id = (select auth.uid()));

create policy "administrators keep orders" on public.orders
  to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
create policy "customers see their orders" on public.orders
  for select to authenticated using (customer_id = (select auth.uid()));
create policy "customers place orders" on public.orders
  for insert to authenticated with check (customer_id = (select auth.uid()));

create policy "administrators keep notes" on public.admin_customer_notes
  to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));

create policy "administrators notify" on public.user_notifications
  for insert to authenticated with check ((select public.is_admin()));
create policy "administrators and addressees read" on public.user_notifications
  for select to authenticated using (user_id = (select auth.uid()) or (select public.is_admin()));
create policy "addressees mark as read" on public.user_notifications
  for update to authenticated using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));

-- A customer edits the profile, but the shop decides on standing, tier and totals.
create function public.guard_standing() returns trigger language plpgsql as $$
declare
  free constant text[] := array['full_name', 'phone', 'whatsapp', 'birthdate', 'avatar_url',
    'ai_preferences', 'favorite_category_id', 'created_at', 'updated_at'];
  given jsonb := to_jsonb(new) - free;
  due jsonb;
begin
  if coalesce(auth.role(), '') not in ('anon', 'authenticated') or public.is_admin() then
    return new;
  end if;
  if tg_op = 'UPDATE' then
    due := to_jsonb(old) - free;
  else
    due := given || '{"account_status": "active", "suspension_end": null, "total_orders": 0, "ia_context": null}'
      || jsonb_build_object('total_spent', 0::numeric(10, 2));
  end if;
  if given is distinct from due then
    raise insufficient_privilege using message = 'only an administrator decides on an account''s standing';
  end if;
  return new;
end
$$;
create trigger customer_profiles_standing before insert or update on public.customer_profiles
  for each row execute function public.guard_standing();
