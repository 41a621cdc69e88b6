-- A ban that holds, on the record, for admin_crm:
-- * a guard: a customer no longer changes the status, suspension, tier and totals of the own profile;
-- * moderation_log: who was suspended, banned or reactivated, when, by whom and why;
-- * moderate_customer: changes the status and writes the log in one transaction, and may end the customer's sessions.
--
-- Run it once, as the owner of the database, for example in Supabase's SQL editor; running it again changes nothing.
-- To remove it, and the log with it: drop function public.moderate_customer; drop table public.moderation_log;
-- drop function public.guard_moderation cascade;

create table if not exists public.moderation_log (
  id uuid primary key, -- chosen by the caller, so that a repeated call is recognised
  customer_id uuid not null, -- no foreign key: the record outlives the customer
  status text not null,
  suspension_end timestamptz,
  previous_status text,
  previous_suspension_end timestamptz,
  reason text not null,
  actor text, -- as the caller says
  actor_id uuid default auth.uid(), -- as the database knows; null for a secret key
  sessions_ended integer, -- null where it was not asked for, or not possible
  created_at timestamptz not null default now()
);
create index if not exists moderation_log_customer_id on public.moderation_log (customer_id);

-- Administrators and the secret key read it. Nobody writes it but the function, which has its owner's rights.
alter table public.moderation_log enable row level security;
revoke all on public.moderation_log from public, anon, authenticated, service_role;
grant select on public.moderation_log to authenticated, service_role;
drop policy if exists "administrators read the moderation log" on public.moderation_log;
create policy "administrators read the moderation log" on public.moderation_log for select to authenticated
  using (exists (select from public.admin_users where id = (select auth.uid())));

create or replace function public.moderate_customer(
  p_id uuid, -- of the log's row
  p_customer_id uuid,
  p_status text,
  p_suspension_end timestamptz, -- kept only with the status suspended
  p_reason text,
  p_actor text default null,
  p_end_sessions boolean default false,
  p_force boolean default false -- lock even an administrator, or oneself
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  profile public.customer_profiles;
  entry public.moderation_log;
  is_repeated boolean;
  sessions constant regclass := to_regclass('auth.sessions');
  ended integer;
begin
  -- No role at all is the database's owner at the SQL prompt.
  if coalesce(auth.role(), 'service_role') <> 'service_role'
    and not exists (select from public.admin_users where id = auth.uid()) then
    raise insufficient_privilege using message = 'only an administrator moderates customers';
  end if;

  -- Locked, so that a repeated call waits for the first one and then finds its entry.
  select * into profile from public.customer_profiles where id = p_customer_id for update;
  if not found then
    raise no_data_found using message = 'there is no such customer';
  end if;

  select * into entry from public.moderation_log where id = p_id;
  is_repeated := found;
  if is_repeated then
    if (entry.customer_id, entry.status) is distinct from (p_customer_id, p_status) then
      raise unique_violation using message = 'this id belongs to another entry of the moderation log';
    end if;
  else
    if p_status <> 'active' and not p_force then
      if p_customer_id = auth.uid() then
        raise exception using errcode = 'AC001', message = 'the customer is the signed-in user';
      elsif exists (select from public.admin_users where id = p_customer_id) then
        raise exception using errcode = 'AC001', message = 'the customer is an administrator';
      end if;
    end if;

    if p_end_sessions and has_table_privilege(sessions, 'select') and has_table_privilege(sessions, 'delete')
      and not row_security_active(sessions) then
      delete from auth.sessions where user_id = p_customer_id;
      get diagnostics ended = row_count;
    end if;

    insert into public.moderation_log (
      id, customer_id, status, suspension_end, previous_status, previous_suspension_end, reason, actor, sessions_ended
    ) values (
      p_id, p_customer_id, p_status, case when p_status = 'suspended' then p_suspension_end end,
      profile.account_status, profile.suspension_end, p_reason, p_actor, ended
    ) returning * into entry;
    update public.customer_profiles
    set account_status = entry.status, suspension_end = entry.suspension_end
    where id = p_customer_id
    returning * into profile;
  end if;

  return jsonb_build_object(
    'profile', to_jsonb(profile),
    'previous_status', entry.previous_status,
    'previous_suspension_end', entry.previous_suspension_end,
    'sessions_ended', entry.sessions_ended,
    'repeated', is_repeated
  );
end
$$;
revoke execute on function public.moderate_customer from public, anon;
grant execute on function public.moderate_customer to authenticated, service_role;

-- Refuses what only an administrator or the secret key may change. Whatever the customer leaves as it is passes.
create or replace function public.guard_moderation() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  given constant jsonb := to_jsonb(new);
  stored jsonb;
  guarded text;
  expression text;
  initial jsonb;
begin
  if coalesce(auth.role(), 'service_role') = 'service_role'
    or exists (select from public.admin_users where id = auth.uid()) then
    return new;
  end if;
  if tg_op = 'UPDATE' then
    stored := to_jsonb(old);
  else
    -- An upsert of the own row: it may repeat what the row holds.
    select to_jsonb(own) into stored from public.customer_profiles own where own.id = new.id and own.id = auth.uid();
  end if;
  for guarded, expression in
    select attname, coalesce(pg_get_expr(adbin, adrelid), 'null')
    from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attrelid = tg_relid and attgenerated = '' and (
      attname in ('account_status', 'suspension_end')
      -- Another trigger moves these when the customer orders, with the customer's rights.
      or pg_trigger_depth() = 1 and attname in ('customer_tier', 'tier', 'total_orders', 'total_spent')
    )
  loop
    continue when given -> guarded = stored -> guarded;
    if tg_op = 'INSERT' then
      execute format('select jsonb_build_array(%s) -> 0', expression) into initial;
      continue when given -> guarded in ('null', initial);
    end if;
    raise insufficient_privilege using message = format('only an administrator changes %s of a customer', guarded);
  end loop;
  return new;
end
$$;
create or replace trigger moderation_guard before insert or update on public.customer_profiles
  for each row execute function public.guard_moderation();

notify pgrst, 'reload schema';
