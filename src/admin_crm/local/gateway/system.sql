-- What a hosted project has before its first migration, beside lite's auth schema.

create schema if not exists extensions;
-- A Postgres server without the extras does not have it, and nothing here needs it.
do $$ begin
  if exists (select from pg_available_extensions where name = 'pgcrypto') then
    create extension if not exists pgcrypto with schema extensions;
  end if;
end $$;

grant usage on schema public, auth, extensions to anon, authenticated, service_role;
grant usage on schema extensions to shop_owner;
alter default privileges for role shop_owner in schema public
  grant all on tables to anon, authenticated, service_role;
alter default privileges for role shop_owner in schema public
  grant all on sequences to anon, authenticated, service_role;
alter default privileges for role shop_owner in schema public
  grant all on functions to anon, authenticated, service_role;

-- Hosted GoTrue finds users by it; lite has no such column, and a seed must fit both.
alter table auth.users add column if not exists instance_id uuid;

-- Lite reads only `request.jwt.claim.*`, PostgREST sets only `request.jwt.claims`: read both, as hosted does.
create or replace function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;
create or replace function auth.role() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;
create or replace function auth.email() returns text language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
$$;
