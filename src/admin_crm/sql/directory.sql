-- The customer directory in one answer, for admin_crm: every customer that the view shows to whoever asks, packed
-- into few rows, so that the server's row limit does not cut it and the view is evaluated once.
--
-- It has the rights of whoever calls it, so it shows nothing that the view does not show. Run it once, as the owner of
-- the database, for example in Supabase's SQL editor. To remove it: drop function public.customer_directory;

create or replace function public.customer_directory(
  columns text[] default null, -- which columns of the view to return; all of them by default
  above uuid default null,     -- return only customers whose id is above this one,
  up_to uuid default null,     -- and not above this one: for reading the directory in parts
  packs integer default 100    -- how many rows to pack the customers into, at most
) returns table (customers json, packed bigint)
language plpgsql stable security invoker as $$
declare
  selected constant text := coalesce(
    (select string_agg(format('listed.%I', name), ', ') from unnest(columns) name), 'listed.*'
  );
  returned bigint;
begin
  return query execute format(
    'select json_agg(chosen), count(*)
     from public.customer_intelligence_360 listed, lateral (select %s) chosen
     where ($1 is null or listed.id > $1) and ($2 is null or listed.id <= $2)
     group by mod(abs(uuid_hash(listed.id)::bigint), $3)',
    selected
  ) using above, up_to, packs;
  get diagnostics returned = row_count;
  -- The last row says how many there are before it: without it, the answer was cut.
  return query select null::json, returned;
end
$$;

revoke execute on function public.customer_directory from public, anon;
grant execute on function public.customer_directory to authenticated, service_role;
notify pgrst, 'reload schema';
