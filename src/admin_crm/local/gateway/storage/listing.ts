import { Buffer } from "node:buffer";

import {
  flag,
  integer,
  nullable,
  object,
  oneOf,
  optional,
  readBody,
  required,
  text,
} from "./body.ts";
import type { Route } from "./context.ts";
import { DATES } from "./rows.ts";

const DEFAULT_LIMIT = 100;
const LARGEST_LIMIT = 1500;

const sortBy = object({
  column: required(oneOf("name", "created_at", "updated_at", "last_accessed_at")),
  order: optional(oneOf("asc", "desc")),
});

const LISTING = {
  prefix: required(text),
  search: optional(text),
  limit: optional(integer(1)),
  offset: optional(integer(0)),
  sortBy: optional(nullable(sortBy)),
};

/** STORAGE_WIRE 4: one level of the tree, folders folded, letter case ignored. */
export const list: Route = async ({ database }, call) => {
  const claims = await call.claims();
  const { prefix, search = "", limit, offset, sortBy } = await readBody(call.request, LISTING);
  const folder = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const column = sortBy?.column ?? "name";
  const order = sortBy?.order ?? "asc";
  const byName = `rank collate "C" ${order}`;
  const by = column === "name" ? byName : `is_file, entries.${column} ${order}, ${byName}`;
  const entries = await database.as(claims, (query) =>
    query(
      `with visible as (
         select *, substr(name, length($2) + 1) as entry,
                strpos(substr(name, length($2 || $3) + 1), '/') as slash
         from storage.objects
         where bucket_id = $1 and starts_with(lower(name), lower($2 || $3))
       ), folders as (
         select left(entry, length($3) + slash - 1) as folder from visible where slash > 0
       ), entries as (
         select min(folder collate "C") as name, null::uuid as id, null::timestamptz as updated_at,
                null::timestamptz as created_at, null::timestamptz as last_accessed_at,
                null::jsonb as metadata, lower(folder) || '/' as rank, false as is_file
         from folders group by lower(folder)
         union all
         select entry, id, updated_at, created_at, last_accessed_at, metadata, lower(entry), true
         from visible where slash = 0
       )
       select name, id, ${DATES}, metadata from entries
       order by ${by} limit $4 offset $5`,
      [call.bucket, folder, search, Math.min(limit ?? DEFAULT_LIMIT, LARGEST_LIMIT), offset ?? 0],
    ));
  return Response.json(entries);
};

const LARGEST_PAGE = 1000;

const PAGE = {
  prefix: optional(text),
  limit: optional(integer(1)),
  cursor: optional(text),
  with_delimiter: optional(flag),
};

/** STORAGE_WIRE 4, list-v2: by full name, page after page; always sorted by name here. */
export const listV2: Route = async ({ database }, call) => {
  const claims = await call.claims();
  const { prefix = "", limit, cursor, with_delimiter } = await readBody(call.request, PAGE);
  const size = Math.min(limit ?? LARGEST_PAGE, LARGEST_PAGE);
  const after = cursor ? fromCursor(cursor) : "";
  const entries = await database.as(claims, (query) =>
    query(
      `with visible as (
         select *, case when $3 then strpos(substr(name, length($2) + 1), '/') else 0 end as slash
         from storage.objects where bucket_id = $1 and starts_with(name, $2)
       ), entries as (
         select distinct left(name, length($2) + slash) as name, null::uuid as id,
                null::timestamptz as updated_at, null::timestamptz as created_at,
                null::timestamptz as last_accessed_at, null::jsonb as metadata
         from visible where slash > 0
         union all
         select name, id, updated_at, created_at, last_accessed_at, metadata
         from visible where slash = 0
       )
       select regexp_replace(rtrim(name, '/'), '^.*/', '') as key, name, id, ${DATES}, metadata
       from entries where name collate "C" > $4 order by name collate "C" limit $5`,
      [call.bucket, prefix, with_delimiter ?? false, after, size + 1],
    ));
  const page = entries.slice(0, size);
  const last = entries.length > size ? String(page.at(-1)!.name) : undefined;
  return Response.json({
    hasNext: last !== undefined,
    ...(last !== undefined && { nextCursor: toCursor(last), nextCursorKey: last }),
    folders: page.filter(({ id }) => id === null),
    objects: page.filter(({ id }) => id !== null),
  });
};

const toCursor = (name: string) => Buffer.from(`l:${name}`).toString("base64");

const fromCursor = (cursor: string) => Buffer.from(cursor, "base64").toString().replace(/^l:/, "");
