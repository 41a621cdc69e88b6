-- Shops that tell who has never bought from who has drifted away: seven segments, and no recency without
-- an order.

create or replace function public.customer_segment(recency integer, frequency bigint, monetary numeric)
returns text language sql immutable as $$
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

create or replace function public.customer_health(recency integer, frequency bigint) returns text
language sql immutable as $$
  select case
    when frequency = 0 then 'Sin Actividad'
    when recency <= 45 then 'Saludable'
    when recency <= 120 then 'Estable'
    else 'Requiere Atención'
  end
$$;

create or replace function public.customer_recency(last_order timestamptz) returns integer
language sql stable as $$
  select now()::date - last_order::date
$$;
