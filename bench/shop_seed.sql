-- A shop of many customers, in the tables of the shop as deployed: %(customers)s customers, %(orders)s orders.
-- Every value follows from a hash of its number, so each run makes the same shop.

truncate public.customer_profiles, public.orders cascade;
delete from auth.users where id not in (select id from public.admin_users);
alter table auth.users disable trigger user;
alter table public.customer_profiles disable trigger user;
alter table public.orders disable trigger user;

insert into auth.users (
  instance_id, id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at
)
select
  '00000000-0000-0000-0000-000000000000', md5('customer' || n)::uuid, 'authenticated', 'authenticated',
  case when n %% 33 > 0 then 'cliente' || n || '@clientes.example' end, now(),
  '{"provider": "email", "providers": ["email"]}', jsonb_build_object('full_name', 'Cliente ' || n), now(), now()
from generate_series(1, %(customers)s) n;

insert into public.customer_profiles (
  id, full_name, phone, whatsapp, birthdate, ia_context, ai_preferences, account_status, created_at, updated_at
)
select
  md5('customer' || n)::uuid,
  (array['María', 'José', 'Guadalupe', 'Juan', 'Sofía', 'Luis', 'Íñigo', 'Ximena'])[1 + n %% 8] || ' '
    || (array['Hernández', 'García', 'Muñoz', 'López', 'Núñez', 'Pérez', 'Peña', 'Cruz', 'Ávila'])[1 + n / 8 %% 9] || ' ' || n,
  '+52 228 ' || lpad((n * 7919 %% 10000000)::text, 7, '0'),
  case when n %% 2 = 0 then '+52228' || lpad((n * 7919 %% 10000000)::text, 7, '0') end,
  case when n %% 4 > 0 then date '1950-01-01' + n * 37 %% 20000 end,
  case when n %% 5 = 0 then jsonb_build_object(
    'last_query', '¿Tienen envíos a Veracruz?', 'last_intent', 'shipping', 'persona_cluster', 'explorer',
    'propensity_score', round(n %% 100 / 100.0, 2), 'updated_at', now()) else '{}' end,
  case when n %% 3 = 0 then
    '{"preferred_styles": ["minimalista", "boho"], "interests": ["cerámica", "textiles"], "visual_theme_hint": "tierra"}'
    else '{}' end::jsonb,
  case when n %% 50 = 0 then 'suspended' when n %% 200 = 1 then 'banned' else 'active' end,
  -- Ties, as an import makes them.
  now() - make_interval(days => n * 13 %% 900, hours => case when n %% 10 = 0 then 0 else n %% 24 end), now()
from generate_series(1, %(customers)s) n;

insert into public.orders (
  id, order_number, customer_id, items, subtotal, total, status, payment_method, payment_status, created_at
)
select
  md5('order' || n)::uuid, 'P-' || n, md5('customer' || 1 + owner)::uuid,
  jsonb_build_array(
    jsonb_build_object('product_id', products.id, 'name', products.name, 'price', products.price, 'quantity', 1 + n %% 3,
      'image', products.images[1]),
    jsonb_build_object('product_id', products.id, 'name', products.name, 'price', products.price, 'image', null)),
  products.price * 2, products.price * 2,
  (array['delivered', 'delivered', 'delivered', 'shipped', 'pending', 'cancelled'])[1 + n %% 6],
  'card', 'paid', now() - make_interval(days => n * 31 %% 700, mins => n %% 1440)
from (
  -- A tenth of the customers never buy, and a few buy often.
  select n, case when n %% 20 = 0 then n / 20 * 11 %% greatest(%(customers)s / 1000, 1)
    else n * 7 %% (%(customers)s * 9 / 10) end as owner
  from generate_series(1, %(orders)s) n
) bought
join (select *, row_number() over (order by id) - 1 as place from public.products) products
  on products.place = n %% (select count(*) from public.products);

update public.customer_profiles set total_orders = delivered.orders, total_spent = delivered.spent,
  customer_tier = public.tier_for(delivered.spent)
from (
  select customer_id, count(*) as orders, sum(total) as spent from public.orders where status = 'delivered' group by 1
) delivered where delivered.customer_id = id;

alter table auth.users enable trigger user;
alter table public.customer_profiles enable trigger user;
alter table public.orders enable trigger user;
vacuum analyze;
