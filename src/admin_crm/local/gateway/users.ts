import type { Keys } from "./keys.ts";
import type { Lite } from "./lite.ts";
import type { Database, Query } from "./types.ts";

/** What the auth routes work with. */
export interface Services {
  lite: Lite;
  keys: Keys;
  database: Database;
  emailConfirmation: boolean;
}

const SHORTEST_PASSWORD = 6;

/** Users in the shape in which GoTrue answers them; to be followed by `where`. */
export const USER = `
  select id, aud, role, coalesce(email, '') as email, coalesce(phone, '') as phone,
    email_confirmed_at, confirmed_at, last_sign_in_at, banned_until, invited_at, confirmation_sent_at,
    raw_app_meta_data as app_metadata, raw_user_meta_data as user_metadata,
    created_at, updated_at, deleted_at, is_anonymous,
    coalesce((
      select json_agg(json_build_object(
        'identity_id', identity.id, 'id', identity.provider_id, 'user_id', identity.user_id,
        'identity_data', identity.identity_data, 'provider', identity.provider,
        'last_sign_in_at', identity.last_sign_in_at, 'created_at', identity.created_at,
        'updated_at', identity.updated_at))
      from auth.identities identity where identity.user_id = users.id
    ), '[]') as identities
  from auth.users`;

export type User = Record<string, unknown>;

/** The users that a condition finds. What is empty is left out, so `banned_until` is there or absent. */
export async function findUsers(
  query: Query,
  condition: string,
  params: unknown[],
): Promise<User[]> {
  const users = await query(`${USER} ${condition}`, params);
  return users.map((user) =>
    Object.fromEntries(Object.entries(user).filter(([, value]) => value !== null))
  );
}

/** Whoever has an address, confirmed or not. */
export async function findByEmail(query: Query, email: string): Promise<User | undefined> {
  return (await findUsers(query, "where lower(email) = lower($1)", [email]))[0];
}

/** Make a user whose address is not confirmed. The shop's triggers run, and may fail. */
export async function insertUser(
  query: Query,
  id: string,
  email: string | null,
  metadata: Record<string, unknown> = {},
): Promise<void> {
  await query(
    `insert into auth.users (instance_id, id, aud, role, email, raw_app_meta_data, raw_user_meta_data)
     values ($1, $2, 'authenticated', 'authenticated', $3, $4, $5)`,
    [
      "00000000-0000-0000-0000-000000000000",
      id,
      email,
      { provider: "email", providers: ["email"] },
      metadata,
    ],
  );
  await query(
    `insert into auth.identities (id, user_id, provider_id, provider, identity_data)
     values (gen_random_uuid(), $1::uuid, $1::uuid::text, 'email', $2)`,
    [id, { sub: id, email }],
  );
}

/** An error in GoTrue's shape. */
export function authError(
  status: number,
  error_code: string,
  msg: string,
  more: object = {},
): Response {
  return Response.json({ code: status, error_code, msg, ...more }, {
    status,
    headers: { "x-sb-error-code": error_code },
  });
}

/** What GoTrue answers where the database fails: a trigger on `auth.users`, say. */
export function databaseError(msg: string): Response {
  return authError(500, "unexpected_failure", msg, { error_id: crypto.randomUUID() });
}

export function weakPassword(password: unknown): Response | undefined {
  if (typeof password !== "string" || password.length >= SHORTEST_PASSWORD) return undefined;
  const message = `Password should be at least ${SHORTEST_PASSWORD} characters.`;
  return authError(422, "weak_password", message, { weak_password: { reasons: ["length"] } });
}

export function emailExists(): Response {
  const message = "A user with this email address has already been registered";
  return authError(422, "email_exists", message);
}

/** The JSON object that a request carries; empty where it carries none. */
export async function bodyOf(request: Request): Promise<Record<string, unknown>> {
  try {
    const body = await request.clone().json();
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {};
  }
}
