import { hash } from "bcryptjs";

import type { Database, Handler, Query } from "./types.ts";
import { authError, type Services, USER } from "./users.ts";

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const SHORTEST_PASSWORD = 6;

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

/** `/auth/v1/admin/users`: users in the hands of whoever has the secret key. */
export function createAdmin({ keys, database }: Services): Handler {
  return async (request) => {
    const { role } = await keys.verify(await keys.tokenOf(request));
    if (role !== "service_role") return authError(403, "not_admin", "User not allowed");
    const { pathname, searchParams } = new URL(request.url);
    const [, id] = pathname.match(/^\/auth\/v1\/admin\/users\/?(.*)$/) ?? [];
    if (id === undefined) return new Response("404 page not found", { status: 404 });
    if (!id && request.method === "GET") return await list(database, searchParams);
    if (!id && request.method === "POST") return await create(database, await request.json());
    if (!UUID.test(id)) return authError(404, "validation_failed", "user_id must be an UUID");
    return await one(database, request, id);
  };
}

async function one(database: Database, request: Request, id: string): Promise<Response> {
  return await database.as(null, async (query) => {
    const [user] = await query(`${USER} where id = $1`, [id]);
    if (!user) return authError(404, "user_not_found", "User not found");
    if (request.method === "PUT") return await change(query, id, await request.json());
    if (request.method !== "DELETE") return Response.json(user);
    await query("delete from auth.users where id = $1", [id]);
    return Response.json({});
  });
}

async function list(database: Database, params: URLSearchParams): Promise<Response> {
  const page = Number(params.get("page") || 1);
  const size = Number(params.get("per_page") || 50);
  const [total, users] = await database.as(null, async (query) => {
    const [{ count }] = await query("select count(*)::int from auth.users");
    const order = "order by created_at desc, id limit $1 offset $2";
    return [count as number, await query(`${USER} ${order}`, [size, (page - 1) * size])];
  });
  const last = Math.max(1, Math.ceil(total / size));
  const links = [
    ...(page < last ? [`</admin/users?page=${page + 1}&per_page=${size}>; rel="next"`] : []),
    `</admin/users?page=${last}&per_page=${size}>; rel="last"`,
  ];
  const headers = { "x-total-count": String(total), link: links.join(", ") };
  return Response.json({ users, aud: "authenticated" }, { headers });
}

async function create(database: Database, given: Attributes): Promise<Response> {
  if (!given.email && !given.phone) {
    return authError(
      400,
      "validation_failed",
      "Cannot create a user without either an email or phone",
    );
  }
  const id = given.id ?? crypto.randomUUID();
  return await database.as(null, async (query) => {
    const refused = await refusal(query, id, given);
    if (refused) return refused;
    await query(
      `insert into auth.users (instance_id, id, aud, role, email, raw_app_meta_data, raw_user_meta_data)
       values ($1, $2, 'authenticated', 'authenticated', $3, $4, $5)`,
      [
        "00000000-0000-0000-0000-000000000000",
        id,
        given.email?.toLowerCase() ?? null,
        { provider: "email", providers: ["email"] },
        given.user_metadata ?? {},
      ],
    );
    await query(
      `insert into auth.identities (id, user_id, provider_id, provider, identity_data)
       values (gen_random_uuid(), $1::uuid, $1::uuid::text, 'email', $2)`,
      [id, { sub: id, email: given.email?.toLowerCase() }],
    );
    return await change(query, id, { ...given, user_metadata: undefined });
  });
}

async function change(query: Query, id: string, given: Attributes): Promise<Response> {
  const refused = await refusal(query, id, given);
  if (refused) return refused;
  await query(
    `update auth.users set
       email = coalesce(lower($2), email),
       phone = coalesce($3, phone),
       encrypted_password = coalesce($4, encrypted_password),
       email_confirmed_at = case when $5 then coalesce(email_confirmed_at, now()) else email_confirmed_at end,
       banned_until = case when $6::text is null then banned_until
         when $6 = 'none' then null else now() + $6::interval end,
       raw_user_meta_data = raw_user_meta_data || coalesce($7::jsonb, '{}'),
       raw_app_meta_data = raw_app_meta_data || coalesce($8::jsonb, '{}'),
       updated_at = now()
     where id = $1`,
    [
      id,
      given.email ?? null,
      given.phone ?? null,
      given.password === undefined ? null : await hash(given.password, 6),
      given.email_confirm ?? false,
      given.ban_duration ?? null,
      given.user_metadata ?? null,
      given.app_metadata ?? null,
    ],
  );
  const [user] = await query(`${USER} where id = $1`, [id]);
  return Response.json(user);
}

async function refusal(query: Query, id: string, given: Attributes): Promise<Response | undefined> {
  const { email, password, ban_duration } = given;
  if (ban_duration && !/^(none|(\d+(\.\d+)?(h|m|s))+)$/.test(ban_duration)) {
    return authError(400, "validation_failed", "invalid format for ban duration");
  }
  if (password !== undefined && password.length < SHORTEST_PASSWORD) {
    const message = `Password should be at least ${SHORTEST_PASSWORD} characters.`;
    return authError(422, "weak_password", message, { weak_password: { reasons: ["length"] } });
  }
  const sql = "select 1 from auth.users where lower(email) = lower($1) and id <> $2";
  const [taken] = email ? await query(sql, [email, id]) : [];
  if (taken) {
    const message = "A user with this email address has already been registered";
    return authError(422, "email_exists", message);
  }
}
