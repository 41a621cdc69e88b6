-- From here on nobody is a superuser. The embedded Postgres has one session, always that of the role
-- it was made with, so that role has to lose the attribute; `alter role` would refuse to take it.
grant shop_owner, pg_checkpoint to postgres;

-- It must not keep, as their owner, the functions that are for superusers: those for files, above all.
do $$
declare
  guarded regprocedure;
begin
  for guarded in
    select oid from pg_proc
    where pronamespace = 'pg_catalog'::regnamespace and not has_function_privilege('anon', oid, 'execute')
  loop
    execute format('alter routine %s owner to pg_execute_server_program', guarded);
  end loop;
end $$;

update pg_authid
set rolsuper = false, rolcreaterole = false, rolcreatedb = false, rolreplication = false, rolbypassrls = false
where rolname = 'postgres';
