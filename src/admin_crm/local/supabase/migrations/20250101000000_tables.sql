-- The shop: who buys, what is sold, and what the administrators keep about their customers.

create table public.admin_users (
  id uuid primary key references auth.users (id) on delete cascade,
  role text not null default 'admin',
  created_at timestamptz not null default now()
);

create table public.categories (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  created_at timestamptz not null default now()
);

create table public.products (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  category_id uuid references public.categories (id) on delete set null,
  price numeric(10, 2) not null check (price >= 0),
  stock integer not null default 0,
  image text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index products_category_id on public.products (category_id);

create table public.customer_profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  full_name text,
  phone text,
  whatsapp text,
  birthdate date,
  customer_tier text not null default 'bronze'
    check (customer_tier in ('bronze', 'silver', 'gold', 'platinum')),
  account_status text not null default 'active'
    check (account_status in ('active', 'suspended', 'banned')),
  suspension_end timestamptz,
  total_orders integer not null default 0,
  total_spent numeric(10, 2) not null default 0,
  favorite_category_id uuid references public.categories (id) on delete set null,
  avatar_url text,
  ai_preferences jsonb,
  ia_context jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index customer_profiles_favorite_category_id on public.customer_profiles (favorite_category_id);
create index customer_profiles_created_at on public.customer_profiles (created_at desc, id desc);

create table public.addresses (
  id uuid primary key default gen_random_uuid(),
  customer_id uuid not null references public.customer_profiles (id) on delete cascade,
  type text not null default 'shipping' check (type in ('shipping', 'billing')),
  label text not null default 'Casa',
  full_name text not null,
  street text not null,
  number text not null,
  colony text not null,
  city text not null,
  state text not null,
  zip_code text not null,
  phone text,
  notes text,
  "references" text,
  is_default boolean not null default false,
  created_at timestamptz not null default now()
);
create index addresses_customer_id on public.addresses (customer_id);

create table public.orders (
  id uuid primary key default gen_random_uuid(),
  order_number text not null unique,
  -- Orders outlive the customer: they are the shop's books.
  customer_id uuid references public.customer_profiles (id) on delete set null,
  items jsonb not null default '[]',
  subtotal numeric(10, 2) not null default 0,
  shipping_cost numeric(10, 2) not null default 0,
  discount numeric(10, 2) not null default 0,
  total numeric(10, 2) not null default 0,
  -- The last two are what older versions of the shop wrote.
  status text not null default 'pending' check (status in (
    'pending', 'confirmed', 'processing', 'shipped', 'delivered', 'cancelled', 'cancelado', 'canceled'
  )),
  payment_method text,
  payment_status text not null default 'pending',
  tracking_notes text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index orders_customer_id on public.orders (customer_id);
create index orders_created_at on public.orders (created_at);

create table public.admin_customer_notes (
  customer_id uuid primary key references public.customer_profiles (id) on delete cascade,
  tags text[] default '{}',
  custom_fields jsonb default '{}',
  notes text,
  updated_at timestamptz not null default now()
);

create table public.user_notifications (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  title text not null,
  message text not null,
  type text not null default 'info' check (type in ('info', 'warning', 'alert', 'success')),
  is_read boolean not null default false,
  created_at timestamptz not null default now()
);
create index user_notifications_user_id on public.user_notifications (user_id);

create function public.touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end
$$;
create trigger products_touch before update on public.products
  for each row execute function public.touch_updated_at();
create trigger customer_profiles_touch before update on public.customer_profiles
  for each row execute function public.touch_updated_at();
create trigger orders_touch before update on public.orders
  for each row execute function public.touch_updated_at();
create trigger admin_customer_notes_touch before update on public.admin_customer_notes
  for each row execute function public.touch_updated_at();
