-- Shops that keep order items in a table of their own as well.

create table public.order_items (
  id uuid primary key default gen_random_uuid(),
  order_id uuid not null references public.orders (id) on delete cascade,
  product_id uuid not null references public.products (id),
  quantity integer not null check (quantity > 0),
  price numeric(10, 2) not null,
  created_at timestamptz not null default now()
);
create index order_items_order_id on public.order_items (order_id);
create index order_items_product_id on public.order_items (product_id);

alter table public.order_items enable row level security;
create policy "administrators keep order items" on public.order_items using ((select public.is_admin()));
create policy "customers see their order items" on public.order_items for select
  using (exists (select from public.orders where id = order_id and customer_id = (select auth.uid())));

-- A product that is no longer sold cannot be referred to.
insert into public.order_items (order_id, product_id, quantity, price, created_at)
select orders.id, products.id, coalesce((item ->> 'quantity')::integer, 1), (item ->> 'price')::numeric, orders.created_at
from public.orders, jsonb_array_elements(orders.items) item
join public.products on products.id = (item ->> 'product_id')::uuid;
