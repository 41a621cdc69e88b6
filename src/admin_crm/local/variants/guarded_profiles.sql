-- Shops where a customer edits the profile, but only an administrator decides on standing, tier and totals.

create function public.guard_standing() returns trigger language plpgsql as $$
declare
  free constant text[] := array['full_name', 'phone', 'whatsapp', 'birthdate', 'avatar_url',
    'ai_preferences', 'favorite_category_id', 'created_at', 'updated_at'];
  given jsonb := to_jsonb(new) - free;
  due jsonb;
begin
  if coalesce(auth.role(), '') not in ('anon', 'authenticated') or public.is_admin() then
    return new;
  end if;
  if tg_op = 'UPDATE' then
    due := to_jsonb(old) - free;
  else
    due := given || '{"account_status": "active", "suspension_end": null, "total_orders": 0, "ia_context": {}}'
      || jsonb_build_object('total_spent', 0::numeric(10, 2));
  end if;
  if given is distinct from due then
    raise insufficient_privilege using message = 'only an administrator decides on an account''s standing';
  end if;
  return new;
end
$$;
create trigger customer_profiles_standing before insert or update on public.customer_profiles
  for each row execute function public.guard_standing();
