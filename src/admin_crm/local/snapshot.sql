-- Remembers the shop's rows, so that what is written after that can be undone. Nothing is copied: from here on the tables
-- note what each row was before it is first changed. One statement, run as the shop's owner; running it again is harmless.
do $install$
begin
  if to_regnamespace('local_snapshot') is not null then return; end if;
  create schema local_snapshot;

  -- A row as it was, as text; null where there was none.
  create table local_snapshot.before (
    "table" regclass not null, key jsonb not null, row text, primary key ("table", key)
  );

  -- What a row can be written with: its columns but the generated ones.
  create function local_snapshot.columns("table" regclass) returns text[] language sql stable as $$
    select array_agg(attname::text order by attnum) from pg_attribute
    where attrelid = $1 and attnum > 0 and not attisdropped and attgenerated = ''
  $$;

  create function local_snapshot.keys("table" regclass) returns text[] language sql stable as $$
    select array_agg(attname::text) from pg_index join pg_attribute on attrelid = indrelid and attnum = any(indkey)
    where indrelid = $1 and indisprimary
  $$;

  -- Whoever writes, the note is the owner's.
  create function local_snapshot.note() returns trigger language plpgsql security definer set search_path = '' as $$
  declare
    old_key jsonb;
    new_key jsonb;
  begin
    if tg_op <> 'INSERT' then
      select jsonb_object_agg(name, to_jsonb(old) -> name) into old_key from unnest(tg_argv) name;
      insert into local_snapshot.before values (tg_relid, old_key, old::text) on conflict do nothing;
    end if;
    if tg_op <> 'DELETE' then
      select jsonb_object_agg(name, to_jsonb(new) -> name) into new_key from unnest(tg_argv) name;
      insert into local_snapshot.before values (tg_relid, new_key, null) on conflict do nothing;
    end if;
    return null;
  end $$;

  create function local_snapshot.note_all() returns trigger language plpgsql security definer set search_path = '' as $$
  begin
    execute format(
      'insert into local_snapshot.before
       select %L::regclass, (select jsonb_object_agg(name, to_jsonb(t) -> name) from unnest($1) name), t::text
       from %s t on conflict do nothing', tg_relid::regclass, tg_relid::regclass) using tg_argv;
    return null;
  end $$;

  -- The shop is now as it shall be again. Tables that are new are watched too; those without a key are not.
  create function local_snapshot.take() returns void language plpgsql as $$
  declare
    new_table regclass;
    keys text;
  begin
    delete from local_snapshot.before;
    for new_table in
      select c.oid from pg_class c join pg_namespace n on n.oid = relnamespace
      where relkind = 'r' and (nspname in ('public', 'storage') or (nspname = 'auth' and relname in ('users', 'identities')))
        and exists (select from pg_index where indrelid = c.oid and indisprimary)
        and not exists (select from pg_trigger where tgrelid = c.oid and tgname = '0_snapshot')
    loop
      select string_agg(quote_literal(name), ', ') into keys from unnest(local_snapshot.keys(new_table)) name;
      -- The name makes it the first: triggers of the shop may write the same row once more.
      execute format('create trigger "0_snapshot" after insert or update or delete on %s
        for each row execute function local_snapshot.note(%s)', new_table, keys);
      execute format('create trigger "0_snapshot_all" before truncate on %s
        for each statement execute function local_snapshot.note_all(%s)', new_table, keys);
    end loop;
  end $$;

  -- Undo what was written since, and return how many rows it was.
  create function local_snapshot.restore() returns bigint language plpgsql as $$
  declare
    changed regclass;
    same_key text;
    columns text;
    total bigint := (select count(*) from local_snapshot.before);
  begin
    if total = 0 then return 0; end if;
    -- No trigger runs and no reference is checked: the rows are put back as they were, in any order.
    set local session_replication_role = replica;
    for changed in select distinct b."table" from local_snapshot.before b loop
      select string_agg(format('t.%1$I = k.%1$I', name), ' and ') into same_key
      from unnest(local_snapshot.keys(changed)) name;
      select string_agg(quote_ident(name), ', ') into columns from unnest(local_snapshot.columns(changed)) name;
      execute format(
        'delete from %1$s t using local_snapshot.before b, jsonb_populate_record(null::%1$s, b.key) k
         where b."table" = %1$L::regclass and %2$s', changed, same_key);
      execute format(
        'insert into %1$s (%2$s) overriding system value select %2$s from (
           select (b.row::%1$s).* from local_snapshot.before b where b."table" = %1$L::regclass and b.row is not null
         ) rows', changed, columns);
    end loop;
    set local session_replication_role = origin;
    delete from local_snapshot.before;
    return total;
  end $$;
end
$install$
