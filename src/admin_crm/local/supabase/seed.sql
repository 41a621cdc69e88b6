-- One year of a shop in Mexico: 1,200 customers, or as many as the setting shop.customers says, and about five
-- orders for each. Every value follows from a hash, so that each run makes the same shop; dates count back from
-- today. It is as untidy as a real shop: customers imported from an older system all of one moment, addresses and
-- JSON half filled in or of another shape, items without a quantity, orders without items, customers without an
-- e-mail.

create function pg_temp.dice(seed text) returns double precision language sql immutable as $$
  select ('x' || substr(md5(seed), 1, 8))::bit(32)::bigint / 4294967296.0
$$;
create function pg_temp.roll(seed text, sides integer) returns integer language sql immutable as $$
  select floor(pg_temp.dice(seed) * sides)::integer
$$;
create function pg_temp.pick(seed text, choices text[]) returns text language sql immutable as $$
  select choices[1 + pg_temp.roll(seed, cardinality(choices))]
$$;
create function pg_temp.key(seed text) returns uuid language sql immutable as $$
  select overlay(overlay(md5(seed) placing '4' from 13) placing 'a' from 17)::uuid
$$;
create function pg_temp.slug(name text) returns text language sql immutable as $$
  select replace(translate(lower(name), 'áéíóúñü', 'aeiounu'), ' ', '-')
$$;

-- Accounts -------------------------------------------------------------------------------------

create temporary table people as
select
  n,
  case when n = 1 then 'c0ffee00-0000-4000-8000-000000000001' else pg_temp.key('customer' || n) end::uuid as id,
  case when n = 1 then 'Lucía Fernández Ibarra' else
    pg_temp.pick('first' || n, array[
      'María', 'José', 'Guadalupe', 'Juan', 'Sofía', 'Luis', 'Ximena', 'Carlos', 'Valentina', 'Miguel', 'Renata',
      'Jesús', 'Camila', 'Ángel', 'Regina', 'Óscar', 'Fernanda', 'Andrés', 'Itzel', 'Raúl', 'Mónica', 'Héctor',
      'Verónica', 'Iván', 'Belén', 'Martín', 'Rocío', 'Sebastián', 'Begoña', 'Tomás', 'Nayeli', 'Íñigo'])
    || ' ' || pg_temp.pick('middle' || n, array[
      'Hernández', 'García', 'Martínez', 'López', 'González', 'Pérez', 'Rodríguez', 'Sánchez', 'Ramírez', 'Cruz',
      'Flores', 'Gómez', 'Muñoz', 'Núñez', 'Ordóñez', 'Peña', 'Ávila', 'Zúñiga', 'Castañeda', 'Ibáñez'])
    || ' ' || pg_temp.pick('last' || n, array[
      'Morales', 'Vázquez', 'Jiménez', 'Reyes', 'Gutiérrez', 'Ruiz', 'Díaz', 'Mendoza', 'Aguilar', 'Ortiz',
      'Castillo', 'Yáñez', 'Güemes', 'Treviño', 'Quiñones', 'Salazar', 'de la Rosa', 'O''Farrill', 'Bolaños', 'Luna'])
  end as full_name,
  case
    when n = 1 then 'lucia@clientes.example'
    when n <= 12 or pg_temp.dice('email' || n) > 0.03 then 'cliente' || n || '@clientes.example'
  end as email,
  -- Some write their number without the country's.
  case when n = 1 or pg_temp.dice('abroad' || n) < 0.8 then '+52 ' else '' end
    || (55 + pg_temp.roll('area' || n, 40)) || ' ' || lpad(pg_temp.roll('phone' || n, 100000000)::text, 8, '0') as phone,
  -- The older system knew only that they were there when it was given up, two years ago.
  case when n between 201 and 260 then date_trunc('day', now()) - interval '2 years'
  else date_trunc('day', now()) - make_interval(days => case
    when n = 1 then 360
    when pg_temp.dice('new' || n) < 0.08 then pg_temp.roll('joined' || n, 28)
    else 28 + pg_temp.roll('joined' || n, 372) end)
    + make_interval(mins => pg_temp.roll('minute' || n, 600)) end as created_at
from generate_series(1, coalesce(nullif(current_setting('shop.customers', true), '')::integer, 1200)) n;

-- The password of every customer is "tienda-local-2025", of both administrators "administra-local-2025".
insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, confirmation_token, recovery_token,
  email_change, email_change_token_new, raw_app_meta_data, raw_user_meta_data, created_at, updated_at
)
select
  '00000000-0000-0000-0000-000000000000', id, 'authenticated', 'authenticated', email, password, created_at,
  '', '', '', '', '{"provider": "email", "providers": ["email"]}',
  jsonb_strip_nulls(jsonb_build_object('full_name', full_name, 'phone', phone)), created_at, created_at
from (
  select id, email, full_name, phone, created_at, '$2b$06$hiNn2v9ZO.nz9HDIXsQFN.Y8McM7oplYSLohtnDW.U9rwin6u.X72'
  from people
  union all
  select id, email, full_name, null, now() - interval '2 years', '$2b$06$mFIGvWAWgEju9egCt7QiVuNmZUG54QDGJQoiLrQAzZFGcA9zdqcTC'
  from (values
    ('ad000000-0000-4000-8000-000000000001'::uuid, 'admin@tienda.example', 'Ana Administradora'),
    ('ad000000-0000-4000-8000-000000000002'::uuid, 'soporte@tienda.example', 'Simón Soporte')
  ) administrators (id, email, full_name)
) accounts (id, email, full_name, phone, created_at, password);

insert into auth.identities (id, user_id, provider_id, provider, identity_data, last_sign_in_at, created_at, updated_at)
select
  pg_temp.key('identity' || id), id, id::text, 'email', jsonb_build_object('sub', id, 'email', email),
  created_at, created_at, created_at
from auth.users where email is not null;

insert into public.admin_users (id, role)
select id, case email when 'admin@tienda.example' then 'super_admin' else 'viewer' end
from auth.users where email like '%@tienda.example';
delete from public.customer_profiles where id in (select id from public.admin_users);

-- What is sold ---------------------------------------------------------------------------------

insert into public.categories (id, name, slug, section, order_index)
select pg_temp.key('category' || name), name, pg_temp.slug(name), section, row_number() over ()
from (values
  ('Velas', 'hogar'), ('Joyería', 'regalos'), ('Decoración', 'hogar'), ('Papelería', 'regalos'),
  ('Cuidado Personal', 'regalos'), ('Textiles', 'hogar')
) sections (name, section);

insert into public.products (id, name, slug, section, category_id, price, stock, sku, images)
select
  pg_temp.key('product' || n), kind || ' ' || style, pg_temp.slug(kind || ' ' || style), section, categories.id,
  30 + 10 * pg_temp.roll('price' || n, 75) + case when n % 4 = 0 then 0.5 else 0 end, pg_temp.roll('stock' || n, 120), 'P' || lpad(n::text, 3, '0'),
  array['https://images.example/products/' || n || '.webp']
from (
  select row_number() over (order by kind, style)::integer, category, kind, style
  from (values
    ('Velas', 'Vela'), ('Joyería', 'Aretes'), ('Joyería', 'Collar'), ('Decoración', 'Maceta'),
    ('Decoración', 'Espejo'), ('Papelería', 'Libreta'), ('Cuidado Personal', 'Jabón'), ('Textiles', 'Manta')
  ) kinds (category, kind),
  unnest(array['Jacaranda', 'Obsidiana', 'Talavera', 'Cempasúchil', 'Luna de Miel']) style
) products (n, category, kind, style)
join public.categories on categories.name = category;

-- Where it goes -------------------------------------------------------------------------------

insert into public.addresses (
  id, customer_id, type, label, full_name, street, number, colony, city, state, zip_code, phone, notes, "references",
  is_default, created_at
)
select
  pg_temp.key('address' || seed), id, case when k = 1 then 'shipping' else 'billing' end,
  case when n % 11 = 0 then null when k = 1 then 'Casa' else 'Oficina' end, case when n % 11 > 0 then full_name end,
  pg_temp.pick('street' || seed, array['Av. Insurgentes', 'Calle Álamo', 'Paseo de la Reforma', 'Calle 5 de Mayo', 'Privada Jacarandas', 'Calzada Ermita']),
  (1 + pg_temp.roll('number' || seed, 900))::text || case when pg_temp.dice('inside' || seed) < 0.2 then ' int. 4-B' else '' end,
  pg_temp.pick('colony' || seed, array['Roma Norte', 'Del Valle', 'Centro', 'Narvarte', 'Coyoacán', 'San Ángel']),
  place[1], place[2], lpad((1000 + pg_temp.roll('zip' || seed, 90000))::text, 5, '0'), phone,
  case when pg_temp.dice('note' || seed) < 0.2 then 'Tocar el timbre dos veces' end,
  case when pg_temp.dice('reference' || seed) < 0.3 then 'Frente a la panadería' end,
  -- The default is not always the first.
  k = (case when n > 1 and n % 8 = 0 then 2 else 1 end), created_at
from (
  select *, n || ':' || k as seed, string_to_array(pg_temp.pick('place' || n, array[
    'Ciudad de México/CDMX', 'Guadalajara/Jalisco', 'Monterrey/Nuevo León', 'Mérida/Yucatán', 'Querétaro/Querétaro', 'Xalapa/Veracruz']), '/') as place
  from people, generate_series(1, case when n = 1 then 2 when n > 12 and n % 9 = 0 then 0 else 1 + (n % 4 = 0)::integer end) k
) homes;

-- What was bought ------------------------------------------------------------------------------

-- Few buy much and many buy little; one in twenty has never bought; the demo customer buys for the
-- whole office, so that a cap of 50 rows cuts her orders.
create temporary table buyers as
select *, case
  when n = 1 then 120
  when pg_temp.dice('prospect' || n) < 0.05 then 0
  else 1 + floor(9.7 * pg_temp.dice('loyalty' || n) ^ 1.6)::integer
    + case when pg_temp.dice('vip' || n) < 0.03 then 15 + pg_temp.roll('bulk' || n, 25) else 0 end
  end as orders,
  -- How many days ago the last order was: most are recent, a fifth have drifted away.
  case
    when n = 1 then 2
    when pg_temp.dice('drift' || n) < 0.2 then 90 + pg_temp.roll('gone' || n, 270)
    else floor(100 * pg_temp.dice('recent' || n) ^ 1.5)::integer
  end as silence
from people;

create temporary table purchases as
select
  row_number() over (order by bought_at, id, k) as number, id as customer_id, n || ':' || k as seed, bought_at,
  case
    when n = 1 and k = 1 then 'delivered'
    when pg_temp.dice('cancel' || n || k) < 0.055 then 'cancelled'
    when bought_at > now() - interval '3 days' then pg_temp.pick('status' || n || k, array['pending', 'confirmed'])
    when bought_at > now() - interval '9 days' then pg_temp.pick('status' || n || k, array['processing', 'shipped'])
    else 'delivered'
  end as status
from (
  select id, n, k, least(
    now() - interval '10 minutes',
    greatest(created_at + interval '20 minutes', now() - make_interval(
      days => least(364, silence + floor((364 - least(silence, 363)) * pg_temp.dice('when' || n || ':' || k) * (k > 1)::integer)::integer),
      mins => pg_temp.roll('at' || n || ':' || k, 1000)))
  ) as bought_at
  from buyers, generate_series(1, orders) k
) ordered;

alter table public.orders disable trigger orders_count_delivered;
insert into public.orders (
  id, order_number, customer_id, items, subtotal, shipping_cost, discount, total, status, payment_method,
  payment_status, shipping_address_id, tracking_number, whatsapp_sent, created_at, updated_at
)
select
  pg_temp.key('order' || seed), 'P-' || lpad(number::text, 6, '0'), customer_id, items, subtotal, shipping, discount,
  subtotal + shipping - discount, status, pg_temp.pick('pay' || seed, array['whatsapp', 'mercadopago', 'cash', 'transfer', 'card']),
  case when status = 'cancelled' then 'refunded' when status = 'pending' then 'pending' else 'paid' end,
  (select id from public.addresses where addresses.customer_id = purchases.customer_id and is_default),
  case when status = 'shipped' then 'MX' || pg_temp.roll('guide' || seed, 1000000) end,
  pg_temp.dice('sent' || seed) < 0.5, bought_at, bought_at
from purchases
cross join lateral (
  -- An older version of the shop left out the quantity where it was one, the image always, and of some
  -- orders what was in them.
  select case when bool_or(old) and seed not like '1:%' and pg_temp.dice('lost' || seed) < 0.03 then '[]'
    else jsonb_agg(jsonb_build_object('product_id', product_id, 'name', name, 'price', price)
      || case when old and quantity = 1 then '{}' else jsonb_build_object('quantity', quantity) end
      || case when old then '{}' else jsonb_build_object('image', image) end)
    end as items, sum(price * quantity) as subtotal
  from (
    -- Now and then something that is no longer sold.
    select coalesce(products.id, pg_temp.key('retired')) as product_id,
      coalesce(products.name, 'Calendario 2024') as name, coalesce(products.price, 90.50) as price,
      coalesce(products.images[1], 'https://images.example/products/retired.webp') as image,
      1 + floor(3 * pg_temp.dice('quantity' || seed || i) ^ 2)::integer as quantity,
      bought_at < now() - interval '300 days' as old
    from generate_series(1, 1 + pg_temp.roll('lines' || seed, 3)) i
    left join public.products on products.id = pg_temp.key(
      'product' || (1 + floor(41 * pg_temp.dice('line' || seed || i) ^ 1.3)::integer))
  ) lines
) basket
cross join lateral (
  select case when subtotal >= 999 then 0 else 99.00 end as shipping,
    case when pg_temp.dice('discount' || seed) < 0.12 then round(subtotal * 0.10, 2) else 0 end as discount
) charges;

alter table public.orders enable trigger orders_count_delivered;
select setval('public.order_numbers', count(*)) from purchases;

-- Who they are ---------------------------------------------------------------------------------

alter table public.customer_profiles disable trigger customer_profiles_touch;
update public.customer_profiles set
  phone = case when n = 1 or pg_temp.dice('hasphone' || n) < 0.88 then people.phone end,
  whatsapp = case when n = 1 or pg_temp.dice('whatsapp' || n) < 0.7 then people.phone end,
  birthdate = case when n = 1 then date '1991-11-02' when pg_temp.dice('birth' || n) < 0.8
    then date '1955-01-01' + pg_temp.roll('born' || n, 18500) end,
  referral_code = 'TDA-' || upper(left(md5('referral' || n), 8)),
  avatar_url = case when pg_temp.dice('avatar' || n) < 0.4 then 'https://images.example/people/' || n || '.webp' end,
  created_at = people.created_at,
  updated_at = people.created_at,
  account_status = case
    when n = 1 then 'active'
    when pg_temp.dice('standing' || n) < 0.02 then 'banned'
    when pg_temp.dice('standing' || n) < 0.05 then 'suspended'
    else 'active' end,
  -- A third of the suspensions are overdue, and some have no end.
  suspension_end = case
    when n > 1 and pg_temp.dice('standing' || n) between 0.02 and 0.03 then now() - make_interval(days => 1 + pg_temp.roll('late' || n, 40))
    when n > 1 and pg_temp.dice('standing' || n) between 0.03 and 0.04 then now() + make_interval(days => 1 + pg_temp.roll('until' || n, 60))
    end,
  favorite_category_id = case when pg_temp.dice('favourite' || n) < 0.3 then pg_temp.key('category' || pg_temp.pick('category' || n, array['Velas', 'Joyería', 'Textiles'])) end,
  -- A few rows hold what an older version of the shop, or a model, wrote in another shape.
  ai_preferences = case n when 23 then '[]' when 223 then '{"interests": null}' when 423 then '{"interests": "velas"}'
    else case when n = 1 or pg_temp.dice('taste' || n) < 0.25 then jsonb_build_object(
    'preferred_styles', jsonb_build_array(pg_temp.pick('style' || n, array['boho', 'minimalista', 'clásico', 'artesanal'])),
    'interests', jsonb_build_array(pg_temp.pick('interest' || n, array['velas', 'aretes', 'plantas', 'regalos']), 'hecho a mano'),
    'visual_theme_hint', pg_temp.pick('theme' || n, array['terracota', 'lavanda', 'jade']),
    'personality_notes', pg_temp.pick('mood' || n, array['Prefiere mensajes breves.', 'Pregunta por los materiales.', 'Compra para regalar.'])
  ) when n % 13 = 0 then '{"interests": ["velas"]}' when n % 17 = 0 then null else '{}' end end,
  ia_context = case when n = 223 then '{"propensity_score": "alta", "updated_at": ""}' when n = 1 or pg_temp.dice('context' || n) < 0.2 then jsonb_build_object(
    'last_query', pg_temp.pick('query' || n, array['velas de soya', '¿hay envíos a Mérida?', 'aretes de plata']),
    'last_intent', pg_temp.pick('intent' || n, array['browse', 'buy', 'support']),
    'persona_cluster', pg_temp.pick('cluster' || n, array['coleccionista', 'regalador', 'oportunista']),
    'visual_theme_hint', pg_temp.pick('theme' || n, array['terracota', 'lavanda', 'jade']),
    'propensity_score', round(pg_temp.dice('propensity' || n)::numeric, 2),
    'updated_at', now() - make_interval(days => pg_temp.roll('thought' || n, 60))
  ) when n % 19 = 0 then '{"last_intent": "new_user"}' else '{}' end
from people where people.id = customer_profiles.id;

update public.customer_profiles set
  total_orders = orders, total_spent = spent, customer_tier = public.tier_for(spent), updated_at = last_order
from (
  select customer_id, count(*) as orders, sum(total) as spent, max(created_at) as last_order
  from public.orders where status = 'delivered' group by customer_id
) delivered where customer_id = id;
alter table public.customer_profiles enable trigger customer_profiles_touch;

insert into public.admin_customer_notes (customer_id, tags, custom_fields, notes, updated_at)
select
  id,
  case when n = 1 then array['vip', 'mayoreo'] else array[pg_temp.pick('tag' || n, array['vip', 'mayoreo', 'regalos', 'frágil', 'puntual'])] end,
  -- Older rows hold numbers and booleans, and some a number as JavaScript adds it up.
  case when n % 3 = 0 then jsonb_build_object('talla', 7, 'factura', true) else jsonb_build_object('canal', 'instagram', 'talla', 'M') end
    || case when n % 4 = 0 then '{"saldo": 0.30000000000000004}'::jsonb else '{}' end,
  pg_temp.pick('remark' || n, array['Pide envoltura de regalo.', 'Prefiere entregas por la tarde.', 'Pagó dos veces por error; ya se devolvió.', '']),
  now() - make_interval(days => pg_temp.roll('noted' || n, 200))
from people where n = 1 or n % 6 = 0;

insert into public.user_notifications (id, user_id, title, message, type, is_read, created_at)
select
  pg_temp.key('notification' || n || ':' || k), id,
  pg_temp.pick('title' || n || k, array['Tu pedido va en camino', 'Gracias por tu compra', 'Actualiza tu dirección']),
  pg_temp.pick('message' || n || k, array['Llega entre martes y jueves.', 'Nos encantó prepararlo.', 'Falta el número interior.']),
  pg_temp.pick('type' || n || k, array['info', 'success', 'warning', 'alert']),
  k > 1, now() - make_interval(days => pg_temp.roll('told' || n || k, 90))
from people, generate_series(1, 3) k where n = 1 or n % 10 = 0;

-- What brings them back ------------------------------------------------------------------------

insert into public.store_settings (
  id, site_name, description, whatsapp_number, whatsapp_default_message, location_city, loyalty_config,
  loyalty_tiers_config
)
values (
  1, 'Tienda Jacaranda', 'Hecho a mano en México', '5212281234567', 'Hola, quiero informes', 'Xalapa',
  '{"active": true, "points_per_currency": 10, "currency_per_point_unit": 100}',
  '[
    {"id": "bronze", "name": "Bronce", "threshold": 0, "multiplier": 1.0, "color": "#cd7f32",
     "benefits": ["Puntos en cada compra"]},
    {"id": "silver", "name": "Plata", "threshold": 5000, "multiplier": 1.2, "color": "#c0c0c0",
     "benefits": ["1.2 veces los puntos", "Envío prioritario"]},
    {"id": "gold", "name": "Oro", "threshold": 20000, "multiplier": 1.5, "color": "#ffd700",
     "benefits": ["1.5 veces los puntos", "Un regalo de aniversario"]},
    {"id": "platinum", "name": "Platino", "threshold": 50000, "multiplier": 2.0, "color": "#e5e4e2",
     "benefits": ["El doble de puntos", "Envío gratis"]}
  ]'
);

insert into public.coupons (
  code, description, discount_type, discount_value, min_purchase, max_uses, valid_from, valid_until, is_active, created_at
)
select code, description, kind, discount, least_purchase, most_uses, now() - age, now() + ends, active, now() - age
from (values
  ('BIENVENIDA10', 'Primera compra', 'percentage', 10, 0, null, interval '1 year', null, true),
  ('ENVIO99', 'Envío gratis', 'fixed', 99, 500, null, interval '200 days', interval '60 days', true),
  ('VIP20', 'Para clientes frecuentes', 'percentage', 20, 1000, 100, interval '90 days', interval '30 days', true),
  ('BUENFIN25', 'El Buen Fin', 'percentage', 25, 0, 500, interval '360 days', interval '-350 days', false)
) coupons (code, description, kind, discount, least_purchase, most_uses, age, ends, active);

insert into public.customer_coupons (id, customer_id, coupon_code, order_id, used_at)
select
  pg_temp.key('used' || n || code), people.id, code,
  case when n % 30 > 0 then pg_temp.key('order' || n || ':1') end, now() - make_interval(days => pg_temp.roll('used' || n || code, 90))
from people
join public.coupons on n = 1 and code in ('BIENVENIDA10', 'VIP20')
  or n % 15 = 0 and code = pg_temp.pick('coupon' || n, array['BIENVENIDA10', 'ENVIO99', 'BUENFIN25'])
where n % 30 = 0 or exists (select from public.orders where orders.id = pg_temp.key('order' || n || ':1'));
update public.coupons set used_count = uses
from (select coupon_code, count(*) as uses from public.customer_coupons group by 1) used where coupon_code = code;

insert into public.loyalty_points (id, customer_id, points, transaction_type, description, order_id, created_at)
select
  pg_temp.key('earned' || orders.id), customer_id, 10 * floor(total / 100)::integer, 'earned', 'Compra ' || order_number,
  orders.id, orders.created_at
from public.orders join people on people.id = customer_id
where status = 'delivered' and total >= 100 and (n = 1 or n % 5 = 0);
-- A fifth of what was earned is spent, and some of the rest is lost after a year.
insert into public.loyalty_points (id, customer_id, points, transaction_type, description, created_at)
select
  pg_temp.key(type || customer_id), customer_id, greatest(1, (earned * part)::integer), type, description,
  now() - make_interval(days => days)
from (select customer_id, sum(points) as earned from public.loyalty_points group by 1) earners
cross join (values ('spent', 0.2, 'Canje en caja', 20), ('expired', 0.05, 'Puntos vencidos', 5)) taken (type, part, description, days);

insert into public.customer_wishlists (id, customer_id, product_id, created_at)
select pg_temp.key('wish' || n || ':' || k), people.id, pg_temp.key('product' || (1 + (n + 7 * k) % 40)),
  now() - make_interval(days => pg_temp.roll('wished' || n || k, 120))
from people, generate_series(1, 3) k where n = 1 or n % 8 = 0 and k < 3;

insert into public.coupons (code, description, discount_type, discount_value, min_purchase, max_uses, valid_until, created_at)
select 'VUELVE-' || n, 'Oferta para ' || full_name, 'percentage', 15, 200, 1, made + interval '2 days', made
from people, lateral (select now() - make_interval(days => case when n = 1 then 1 else 5 end) as made) offers
where n = 1 or n % 40 = 0;
insert into public.smart_loyalty_propositions (
  id, customer_id, coupon_code, generated_code, personalized_message, discount_value, discount_type, expires_at,
  is_claimed, created_at
)
select pg_temp.key('offer' || n), id, code, code, 'Te extrañamos: 15 % en tu próxima compra.', 15, 'percentage', valid_until,
  n % 80 = 0, coupons.created_at
from people join public.coupons on code = 'VUELVE-' || n;

insert into public.referrals (
  id, referrer_id, referred_id, status, reward_points_referrer, reward_points_referred, created_at, completed_at
)
select pg_temp.key('referral' || n), pg_temp.key('customer' || (n - 1)), id, status, points, points / 2, created_at, done
from people, lateral (
  select pg_temp.pick('referral' || n, array['completed', 'pending', 'cancelled']) as status
) chosen, lateral (
  select case when status = 'completed' then 50 else 0 end as points,
    case when status = 'completed' then created_at + interval '10 days' end as done
) reward
where n > 100 and n % 100 = 0;
insert into public.referrals (id, referrer_id, referred_id, status, reward_points_referrer, reward_points_referred, completed_at)
select pg_temp.key('referral1'), 'c0ffee00-0000-4000-8000-000000000001', id, 'completed', 50, 25, now()
from people where n <= 99 order by n desc limit 1;
