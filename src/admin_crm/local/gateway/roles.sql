-- The roles of a project. The superuser that makes the database is none of them, and retires when it
-- is made: see retire_embedded.sql and retire_postgres.sql.

create role anon nologin;
create role authenticated nologin;
create role service_role nologin bypassrls;

-- PostgREST logs in as it, and takes on one of the three for each request.
create role authenticator noinherit login;
grant anon, authenticated, service_role to authenticator;

-- Owns auth and storage, and the gateway does their work as it.
create role gateway login bypassrls;
grant anon, authenticated, service_role to gateway;
grant create on database postgres to gateway;

-- Owns the shop, as `postgres` does on the platform: migrations, the seed and `/local/sql` run as it.
-- There an extension lets it write policies for files and drop triggers on accounts, which else takes
-- the owner of the tables; here it is a member of that owner.
create role shop_owner login bypassrls;
grant anon, authenticated, service_role, gateway to shop_owner;
grant create on database postgres to shop_owner;
alter schema public owner to shop_owner;
-- As on the platform it may put rows where they belong without the shop's triggers: see snapshot.sql.
grant set on parameter session_replication_role to shop_owner;
