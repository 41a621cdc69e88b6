-- From here on nobody is a superuser. The embedded Postgres has one session, always that of the role
-- it was made with, so that role has to lose the attribute; `alter role` would refuse to take it.
grant shop_owner, pg_checkpoint to postgres;
update pg_authid
set rolsuper = false, rolcreaterole = false, rolcreatedb = false, rolreplication = false, rolbypassrls = false
where rolname = 'postgres';
