-- What brings customers back: coupons, points, offers, wishes and referrals; and the shop's settings.

create table public.coupons (
  code text primary key,
  description text,
  discount_type text check (discount_type in ('percentage', 'fixed')),
  discount_value numeric(10, 2) not null,
  min_purchase numeric(10, 2) default 0,
  max_uses integer,
  used_count integer default 0,
  valid_from timestamptz default now(),
  valid_until timestamptz,
  is_active boolean default true,
  created_at timestamptz default now()
);

create table public.customer_coupons (
  id uuid primary key default gen_random_uuid(),
  customer_id uuid not null references public.customer_profiles (id) on delete cascade,
  coupon_code text not null references public.coupons (code) on delete cascade,
  order_id uuid references public.orders (id) on delete set null,
  used_at timestamptz default now()
);
create index customer_coupons_customer_id on public.customer_coupons (customer_id);
create index customer_coupons_coupon_code on public.customer_coupons (coupon_code);

-- Points are positive in every row; the type says whether they are added or taken.
create table public.loyalty_points (
  id uuid primary key default gen_random_uuid(),
  customer_id uuid not null references public.customer_profiles (id) on delete cascade,
  points integer not null,
  transaction_type text not null check (transaction_type in ('earned', 'spent', 'expired')),
  description text,
  order_id uuid references public.orders (id) on delete set null,
  created_at timestamptz default now()
);
create index loyalty_points_customer_id on public.loyalty_points (customer_id, created_at desc);

create table public.customer_wishlists (
  id uuid primary key default gen_random_uuid(),
  customer_id uuid not null references auth.users (id) on delete cascade,
  product_id uuid not null references public.products (id) on delete cascade,
  created_at timestamptz default now(),
  unique (customer_id, product_id)
);
create index customer_wishlists_product_id on public.customer_wishlists (product_id);

create table public.smart_loyalty_propositions (
  id uuid primary key default gen_random_uuid(),
  customer_id uuid not null references public.customer_profiles (id) on delete cascade,
  coupon_code text references public.coupons (code) on delete set null,
  generated_code text not null,
  personalized_message text not null,
  discount_value numeric not null,
  discount_type text not null check (discount_type in ('percentage', 'fixed')),
  expires_at timestamptz not null,
  is_claimed boolean default false,
  created_at timestamptz default now()
);
create index smart_loyalty_propositions_customer_id on public.smart_loyalty_propositions (customer_id);

create table public.referrals (
  id uuid primary key default gen_random_uuid(),
  referrer_id uuid not null references public.customer_profiles (id),
  referred_id uuid not null unique references public.customer_profiles (id),
  status text default 'pending' check (status in ('pending', 'completed', 'cancelled')),
  reward_points_referrer integer default 0,
  reward_points_referred integer default 0,
  created_at timestamptz default now(),
  completed_at timestamptz,
  unique (referrer_id, referred_id)
);
create index referrals_referrer_id on public.referrals (referrer_id);

create table public.store_settings (
  id bigint primary key default 1 check (id = 1),
  site_name text,
  description text,
  logo_url text,
  whatsapp_number text,
  whatsapp_default_message text,
  social_links jsonb default '{}',
  location_address text,
  location_city text,
  location_map_url text,
  bank_account_info text,
  payment_methods jsonb default '{"transfer": true, "mercadopago": false, "cash": false}',
  hero_sliders jsonb default '[]',
  loyalty_config jsonb default '{"active": true, "points_per_currency": 10, "currency_per_point_unit": 100}',
  loyalty_tiers_config jsonb,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

create function public.get_customer_points_balance(p_customer_id uuid) returns integer
language sql stable as $$
  select coalesce(sum(case transaction_type when 'earned' then points else -points end), 0)::integer
  from public.loyalty_points where customer_id = p_customer_id
$$;

-- As deployed: whoever may call it may give points to anybody, and a repeated call gives them twice.
create function public.process_loyalty_points(
  p_user_id uuid, p_amount integer, p_type varchar, p_description text, p_order_id uuid default null
) returns void
language sql security definer set search_path = '' as $$
  insert into public.loyalty_points (customer_id, points, transaction_type, description, order_id)
  values (p_user_id, p_amount, p_type, p_description, p_order_id)
$$;

-- Whoever gets a profile gets a code to invite others with.
create function public.give_referral_code() returns trigger language plpgsql as $$
begin
  new.referral_code := coalesce(new.referral_code, 'TDA-' || upper(left(replace(gen_random_uuid()::text, '-', ''), 10)));
  return new;
end
$$;
create trigger customer_profiles_referral_code before insert on public.customer_profiles
  for each row execute function public.give_referral_code();

-- Both are rewarded, once, when an order of whoever was invited is paid or delivered.
create function public.process_referral_reward(p_order_id uuid, p_customer_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  invited public.referrals;
begin
  update public.referrals
  set status = 'completed', completed_at = now(), reward_points_referrer = 50, reward_points_referred = 25
  where referred_id = p_customer_id and status = 'pending'
  returning * into invited;
  if found then
    insert into public.loyalty_points (customer_id, points, transaction_type, description, order_id)
    values
      (invited.referrer_id, invited.reward_points_referrer, 'earned', 'Recompensa por invitar', p_order_id),
      (invited.referred_id, invited.reward_points_referred, 'earned', 'Bienvenida por invitación', p_order_id);
  end if;
end
$$;
create function public.reward_referral() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if new.payment_status = 'paid' and old.payment_status is distinct from 'paid'
    or new.status = 'delivered' and old.status is distinct from 'delivered' then
    perform public.process_referral_reward(new.id, new.customer_id);
  end if;
  return new;
end
$$;
create trigger orders_reward_referral after update on public.orders
  for each row execute function public.reward_referral();
