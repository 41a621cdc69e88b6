-- Who may do what. Every table is granted to everybody, as the platform does: row-level security alone
-- decides. Customers see to their own rows, administrators to the others'. An administrator is whoever
-- stands in `admin_users`, whatever the role.

create function public.is_admin() returns boolean language sql stable as $$
  select exists (select from public.admin_users where id = auth.uid())
$$;

alter table public.admin_users enable row level security;
alter table public.categories enable row level security;
alter table public.products enable row level security;
alter table public.customer_profiles enable row level security;
alter table public.addresses enable row level security;
alter table public.orders enable row level security;
alter table public.admin_customer_notes enable row level security;
alter table public.user_notifications enable row level security;
alter table public.coupons enable row level security;
alter table public.customer_coupons enable row level security;
alter table public.loyalty_points enable row level security;
alter table public.customer_wishlists enable row level security;
alter table public.smart_loyalty_propositions enable row level security;
alter table public.referrals enable row level security;
alter table public.store_settings enable row level security;

create policy "members see themselves" on public.admin_users for select using (id = (select auth.uid()));

create policy "everybody sees active categories" on public.categories for select using (is_active);
create policy "administrators keep categories" on public.categories using ((select public.is_admin()));
create policy "everybody sees active products" on public.products
  for select using (is_active and status = 'active');
create policy "administrators keep products" on public.products using ((select public.is_admin()));

create policy "everybody sees the settings" on public.store_settings for select using (true);
create policy "administrators add settings" on public.store_settings
  for insert with check ((select public.is_admin()));
create policy "administrators change settings" on public.store_settings
  for update using ((select public.is_admin()));

-- A customer may change every column of the own profile, `account_status` too.
create policy "administrators keep profiles" on public.customer_profiles using ((select public.is_admin()));
create policy "customers see their profile" on public.customer_profiles
  for select using (id = (select auth.uid()));
create policy "customers create their profile" on public.customer_profiles
  for insert with check (id = (select auth.uid()));
create policy "customers change their profile" on public.customer_profiles
  for update using (id = (select auth.uid()));

create policy "administrators keep addresses" on public.addresses using ((select public.is_admin()));
create policy "customers see their addresses" on public.addresses
  for select using (customer_id = (select auth.uid()));
create policy "customers add their addresses" on public.addresses
  for insert with check (customer_id = (select auth.uid()));
create policy "customers change their addresses" on public.addresses
  for update using (customer_id = (select auth.uid()));
create policy "customers remove their addresses" on public.addresses
  for delete using (customer_id = (select auth.uid()));

create policy "administrators keep orders" on public.orders using ((select public.is_admin()));
create policy "customers see their orders" on public.orders
  for select using (customer_id = (select auth.uid()));
create policy "customers place orders" on public.orders
  for insert with check (customer_id = (select auth.uid()));

create policy "administrators keep notes" on public.admin_customer_notes using ((select public.is_admin()));

create policy "administrators notify" on public.user_notifications
  for insert with check ((select public.is_admin()));
create policy "administrators see notifications" on public.user_notifications
  for select using ((select public.is_admin()));
create policy "customers see their notifications" on public.user_notifications
  for select using (user_id = (select auth.uid()));
create policy "customers mark as read" on public.user_notifications
  for update using (user_id = (select auth.uid()));

create policy "administrators keep coupons" on public.coupons using ((select public.is_admin()));
create policy "everybody sees active coupons" on public.coupons for select using (is_active);

-- No policy for administrators, here and on offers and referrals: only a secret key sees them all.
create policy "customers see their used coupons" on public.customer_coupons
  for select using (customer_id = (select auth.uid()));
create policy "customers use coupons" on public.customer_coupons
  for insert with check (customer_id = (select auth.uid()));
create policy "customers see their offers" on public.smart_loyalty_propositions
  for select using (customer_id = (select auth.uid()));
create policy "customers claim their offers" on public.smart_loyalty_propositions
  for update using (customer_id = (select auth.uid())) with check (customer_id = (select auth.uid()));
create policy "customers see whom they referred" on public.referrals
  for select using (referrer_id = (select auth.uid()));
create policy "customers see who referred them" on public.referrals
  for select using (referred_id = (select auth.uid()));

create policy "administrators keep points" on public.loyalty_points using ((select public.is_admin()));
create policy "customers see their points" on public.loyalty_points
  for select using (customer_id = (select auth.uid()));

create policy "administrators keep wishlists" on public.customer_wishlists using ((select public.is_admin()));
create policy "customers see their wishlist" on public.customer_wishlists
  for select using (customer_id = (select auth.uid()));
create policy "customers add to their wishlist" on public.customer_wishlists
  for insert with check (customer_id = (select auth.uid()));
create policy "customers change their wishlist" on public.customer_wishlists
  for update using (customer_id = (select auth.uid())) with check (customer_id = (select auth.uid()));
create policy "customers remove from their wishlist" on public.customer_wishlists
  for delete using (customer_id = (select auth.uid()));
