-- The shop: who buys, what is sold, and what the administrators keep about their customers.

create table public.admin_users (
  id uuid primary key references auth.users (id) on delete cascade,
  role text default 'admin' check (role in ('admin', 'super_admin', 'viewer')),
  created_at timestamptz default now()
);

create table public.categories (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text not null,
  section text not null,
  parent_id uuid references public.categories (id),
  description text,
  order_index integer default 0,
  is_active boolean default true,
  image_url text,
  is_popular boolean default false,
  created_at timestamptz default now(),
  unique (slug, section)
);

create table public.products (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text not null,
  description text,
  price numeric(10, 2) not null,
  compare_at_price numeric(10, 2),
  stock integer default 0,
  sku text,
  section text,
  category_id uuid not null references public.categories (id),
  tags text[] default '{}',
  images text[] default '{}',
  cover_image text,
  status text default 'active' check (status in ('active', 'legacy', 'discontinued', 'coming_soon')),
  is_active boolean default true,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  unique (slug, section)
);
create index products_category_id on public.products (category_id);

create table public.customer_profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  full_name text not null,
  phone text,
  whatsapp text,
  birthdate date,
  customer_tier text default 'bronze' check (customer_tier in ('bronze', 'silver', 'gold', 'platinum')),
  total_orders integer default 0,
  total_spent numeric(10, 2) default 0,
  favorite_category_id uuid references public.categories (id) on delete set null,
  account_status text default 'active' check (account_status in ('active', 'suspended', 'banned')),
  suspension_end timestamptz,
  referral_code text unique,
  ia_context jsonb default '{}',
  ai_preferences jsonb default '{}',
  avatar_url text,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

create table public.addresses (
  id uuid primary key default gen_random_uuid(),
  customer_id uuid not null references public.customer_profiles (id) on delete cascade,
  type text check (type in ('shipping', 'billing')),
  label text,
  full_name text,
  street text not null,
  number text not null,
  colony text not null,
  city text not null default 'Xalapa',
  state text not null default 'Veracruz',
  zip_code text not null,
  phone text,
  notes text,
  is_default boolean default false,
  "references" text,
  created_at timestamptz default now()
);
create index addresses_customer_id on public.addresses (customer_id);

create table public.orders (
  id uuid primary key default gen_random_uuid(),
  order_number text not null unique,
  -- Orders outlive the customer: they are the shop's books.
  customer_id uuid references public.customer_profiles (id) on delete set null,
  items jsonb not null,
  subtotal numeric(10, 2) not null,
  shipping_cost numeric(10, 2) default 0,
  discount numeric(10, 2) default 0,
  total numeric(10, 2) not null,
  status text default 'pending'
    check (status in ('pending', 'confirmed', 'processing', 'shipped', 'delivered', 'cancelled')),
  payment_method text check (payment_method in ('whatsapp', 'mercadopago', 'cash', 'transfer', 'card')),
  payment_status text default 'pending' check (payment_status in ('pending', 'paid', 'failed', 'refunded')),
  shipping_address_id uuid references public.addresses (id) on delete set null,
  billing_address_id uuid references public.addresses (id) on delete set null,
  tracking_notes text,
  tracking_number text,
  whatsapp_sent boolean default false,
  whatsapp_sent_at timestamptz,
  mp_preference_id varchar(100),
  mp_payment_id varchar(100),
  mp_payment_data jsonb,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
create index orders_customer_id on public.orders (customer_id);
create index orders_status on public.orders (status);
create index orders_created_at on public.orders (created_at desc);

create table public.admin_customer_notes (
  customer_id uuid primary key references public.customer_profiles (id) on delete cascade,
  tags text[] default '{}',
  custom_fields jsonb default '{}',
  notes text,
  -- No trigger moves it: whoever writes a note says when.
  updated_at timestamptz default now()
);

create table public.user_notifications (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  title text not null,
  message text not null,
  type text default 'info' check (type in ('info', 'warning', 'alert', 'success')),
  is_read boolean default false,
  created_at timestamptz default now()
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
