-- What follows from an order: its number, and the customer's totals and tier.

create sequence public.order_numbers;

create function public.number_order() returns trigger language plpgsql as $$
begin
  if coalesce(new.order_number, '') = '' then
    new.order_number := 'P-' || lpad(nextval('public.order_numbers')::text, 6, '0');
  end if;
  return new;
end
$$;
create trigger orders_number before insert on public.orders
  for each row execute function public.number_order();

create function public.tier_for(spent numeric) returns text language sql immutable as $$
  select case when spent >= 50000 then 'platinum' when spent >= 20000 then 'gold' when spent >= 5000 then 'silver'
    else 'bronze' end
$$;

-- Only what was delivered counts. As deployed: a delivered order that is cancelled later goes on counting
-- until the next order of the same customer.
create function public.count_delivered_orders() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and not (new.status = 'delivered' and old.status <> 'delivered') then
    return new;
  end if;
  update public.customer_profiles set
    total_orders = delivered.orders, total_spent = delivered.spent, customer_tier = public.tier_for(delivered.spent)
  from (
    select count(*) as orders, coalesce(sum(total), 0) as spent
    from public.orders where customer_id = new.customer_id and status = 'delivered'
  ) delivered
  where customer_profiles.id = new.customer_id;
  return new;
end
$$;
create trigger orders_count_delivered after insert or update on public.orders
  for each row execute function public.count_delivered_orders();
