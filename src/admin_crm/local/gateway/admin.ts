import { hash } from "bcryptjs";

import { seconds } from "./bans.ts";
import type { Database, Handler, Query } from "./types.ts";
import { forget, remove } from "./deletion.ts";
import {
  authError,
  bodyOf,
  databaseError,
  emailExists,
  findByEmail,
  findUsers,
  insertUser,
  type Services,
  weakPassword,
} from "./users.ts";

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** What may be said of a user when creating or changing it. */
interface Attributes {
  id?: string;
  email?: string;
  phone?: string;
  password?: string;
  email_confirm?: boolean;
  ban_duration?: string;
  user_metadata?: Record<string, unknown>;
  app_metadata?: Record<string, unknown>;
}

/** `/auth/v1/admin/users` and `/invite`: users in the hands of whoever has the secret key. */
export function createAdmin({ keys, database }: Services): Handler {
  return async (request) => {
    const { role } = await keys.verify(await keys.tokenOf(request));
    if (role !== "service_role") return authError(403, "not_admin", "User not allowed");
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/auth/v1/invite") return await invite(database, await request.json());
    const [, id] = pathname.match(/^\/auth\/v1\/admin\/users\/?([^/]*)$/) ?? [];
    // An administrator cannot sign a user out: there is no `/admin/users/{id}/logout`.
    if (id === undefined) return new Response("404 page not found", { status: 404 });
    if (!id && request.method === "GET") return await list(database, searchParams);
    if (!id && request.method === "POST") return await create(database, await request.json());
    if (request.method === "POST") return new Response(null, { status: 405 });
    if (!UUID.test(id)) return authError(404, "validation_failed", "user_id must be an UUID");
    return await one(database, request, id);
  };
}

async function one(database: Database, request: Request, id: string): Promise<Response> {
  const failed = request.method === "DELETE"
    ? "Database error deleting user"
    : "Error updating user";
  return await undoneWhereItFails(database, failed, async (query) => {
    const [user] = await findUsers(query, "where id = $1", [id]);
    if (!user) return authError(404, "user_not_found", "User not found");
    if (request.method === "PUT") {
      const given: Attributes = await request.json();
      return weakPassword(given.password) ?? await change(query, id, given);
    }
    if (request.method !== "DELETE") return Response.json(user);
    const { should_soft_delete } = await bodyOf(request);
    await (should_soft_delete ? forget(query, id) : remove(query, id));
    return Response.json({});
  });
}

async function list(database: Database, params: URLSearchParams): Promise<Response> {
  const [page, size] = [
    wholeNumber(params.get("page"), 1),
    wholeNumber(params.get("per_page"), 50),
  ];
  if (page === undefined || size === undefined) {
    return authError(400, "validation_failed", "Bad Pagination Parameters");
  }
  const matches = `where $1::text = '' or email like '%' || $1 || '%'
    or raw_user_meta_data ->> 'full_name' ilike '%' || $1 || '%'`;
  const filter = params.get("filter") ?? "";
  const [total, users] = await database.as(null, async (query) => {
    const [{ count }] = await query(`select count(*)::int from auth.users ${matches}`, [filter]);
    const oldestFirst = params.get("sort") === "created_at asc";
    const order = `order by created_at ${oldestFirst ? "asc" : "desc"}, id limit $2 offset $3`;
    const values = [filter, size, (page - 1) * size];
    return [count as number, await findUsers(query, `${matches} ${order}`, values)];
  });
  const last = Math.max(1, Math.ceil(total / size));
  const links = [
    ...(page < last ? [`</admin/users?page=${page + 1}&per_page=${size}>; rel="next"`] : []),
    `</admin/users?page=${last}&per_page=${size}>; rel="last"`,
  ];
  const headers = { "x-total-count": String(total), link: links.join(", ") };
  return Response.json({ users, aud: "authenticated" }, { headers });
}

/** 0 counts as not given. */
function wholeNumber(text: string | null, otherwise: number): number | undefined {
  if (!text) return otherwise;
  return /^\d+$/.test(text) ? Number(text) || otherwise : undefined;
}

/** No policy for passwords here: one letter is taken. */
async function create(database: Database, given: Attributes): Promise<Response> {
  if (!given.email && !given.phone) {
    return authError(
      400,
      "validation_failed",
      "Cannot create a user without either an email or phone",
    );
  }
  const id = given.id ?? crypto.randomUUID();
  return await undoneWhereItFails(database, "Database error creating new user", async (query) => {
    const refused = await refusal(query, null, given);
    if (refused) return refused;
    await insertUser(query, id, given.email?.toLowerCase() ?? null, given.user_metadata);
    return await change(query, id, { ...given, user_metadata: undefined });
  });
}

/** Nobody gets a mail from here; who was invited before and never came is invited again. */
async function invite(
  database: Database,
  { email, data }: { email?: string; data?: Record<string, unknown> },
): Promise<Response> {
  if (!email) return authError(422, "validation_failed", "An email address is required");
  return await undoneWhereItFails(database, "Database error saving new user", async (query) => {
    const known = await findByEmail(query, email);
    if (known?.email_confirmed_at) return emailExists();
    const id = known?.id ?? crypto.randomUUID();
    if (!known) await insertUser(query, id as string, email.toLowerCase(), data ?? {});
    await query(
      `update auth.users set invited_at = now(), confirmation_sent_at = now(), confirmation_token = $2
       where id = $1`,
      [id, crypto.randomUUID()],
    );
    return Response.json((await findUsers(query, "where id = $1", [id]))[0]);
  });
}

/** Work in a transaction whose failure is the database's: a trigger on `auth.users` that raises. */
async function undoneWhereItFails(
  database: Database,
  message: string,
  work: (query: Query) => Promise<Response>,
): Promise<Response> {
  try {
    return await database.as(null, work);
  } catch (error) {
    console.error(`${message}: ${error}`);
    return databaseError(message);
  }
}

async function change(query: Query, id: string, given: Attributes): Promise<Response> {
  const refused = await refusal(query, id, given);
  if (refused) return refused;
  const ban = banOf(given);
  await query(
    `update auth.users set
       email = coalesce(lower($2), email),
       phone = coalesce($3, phone),
       encrypted_password = coalesce($4, encrypted_password),
       email_confirmed_at = case when $5 then coalesce(email_confirmed_at, now()) else email_confirmed_at end,
       banned_until = case when $6::float8 is null then banned_until
         when $6::float8 = 0 then null else now() + $6::float8 * interval '1 second' end,
       raw_user_meta_data = ${merged("raw_user_meta_data", "$7")},
       raw_app_meta_data = ${merged("raw_app_meta_data", "$8")},
       updated_at = now()
     where id = $1`,
    [
      id,
      given.email ?? null,
      given.phone ?? null,
      given.password === undefined ? null : await hash(given.password, 6),
      given.email_confirm ?? false,
      ban ?? null,
      given.user_metadata ?? null,
      given.app_metadata ?? null,
    ],
  );
  if (given.email) await renameIdentity(query, id, given.email.toLowerCase());
  if (given.password !== undefined) {
    await query("delete from auth.refresh_tokens where user_id = $1", [id]);
    await query("delete from auth.sessions where user_id = $1", [id]);
  }
  const [user] = await findUsers(query, "where id = $1", [id]);
  return Response.json(user);
}

/** What is given replaces what was there, and null takes it away. */
function merged(column: string, given: string): string {
  return `coalesce((
    select jsonb_object_agg(key, value)
    from jsonb_each(coalesce(${column}, '{}') || coalesce(${given}::jsonb, '{}'))
    where value <> 'null'), '{}')`;
}

/** An address is also that of the user's identity; whoever had none has one then. */
async function renameIdentity(query: Query, id: string, email: string): Promise<void> {
  await query(
    `insert into auth.identities (id, user_id, provider_id, provider, identity_data)
     values (gen_random_uuid(), $1::uuid, $1::uuid::text, 'email', $2)
     on conflict (provider, provider_id) do update
       set identity_data = identities.identity_data || excluded.identity_data, updated_at = now()`,
    [id, { sub: id, email, email_verified: false }],
  );
}

/** Seconds from now; 0 lifts the ban, and an empty text is not given. */
function banOf({ ban_duration }: Attributes): number | undefined {
  if (!ban_duration) return undefined;
  return ban_duration === "none" ? 0 : seconds(ban_duration);
}

async function refusal(
  query: Query,
  id: string | null,
  given: Attributes,
): Promise<Response | undefined> {
  if (given.ban_duration && banOf(given) === undefined) {
    return authError(400, "validation_failed", "invalid format for ban duration");
  }
  const taken = given.email ? await findByEmail(query, given.email) : undefined;
  return taken && taken.id !== id ? emailExists() : undefined;
}
