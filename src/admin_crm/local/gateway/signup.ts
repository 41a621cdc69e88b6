import {
  authError,
  bodyOf,
  databaseError,
  findByEmail,
  findUsers,
  type Services,
  type User,
  weakPassword,
} from "./users.ts";

/** Seconds between two mails to one address. */
const BETWEEN_MAILS = 60;

/**
 * Lite signs up new addresses, and refuses those that are known. GoTrue knows two kinds of known
 * addresses, and with confirmation on it does not tell that one is taken.
 */
export async function signUp(request: Request, services: Services): Promise<Response> {
  const { email, password, data } = await bodyOf(request);
  const known = typeof email === "string" &&
    await services.database.as(null, (query) => findByEmail(query, email));
  if (!known || !password) return await saved(request, services);
  if (known.email_confirmed_at) {
    return services.emailConfirmation ? madeUp(email, data) : await saved(request, services);
  }
  return weakPassword(password) ?? await repeated(request, known, services);
}

/** A user whose row cannot be written, because of a trigger say, is not signed up. */
async function saved(request: Request, { lite }: Services): Promise<Response> {
  const answer = await lite.fetch(request);
  return answer.status === 500 ? databaseError("Database error saving new user") : answer;
}

/** Nobody, who looks like a user but for the identities. */
function madeUp(email: string, data: unknown): Response {
  const now = new Date().toISOString();
  return Response.json({
    id: crypto.randomUUID(),
    aud: "authenticated",
    role: "",
    email: email.toLowerCase(),
    phone: "",
    confirmation_sent_at: now,
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: data ?? {},
    identities: [],
    created_at: now,
    updated_at: now,
    is_anonymous: false,
  });
}

/** An address that was never confirmed: the old user is answered, and what was sent is ignored. */
async function repeated(
  request: Request,
  { id }: User,
  { lite, database, emailConfirmation }: Services,
): Promise<Response> {
  const token = crypto.randomUUID();
  const wait = await database.as(null, async (query) => {
    const [{ passed }] = await query(
      "select extract(epoch from now() - confirmation_sent_at)::float8 as passed from auth.users where id = $1",
      [id],
    );
    const left = passed === null ? 0 : Math.ceil(BETWEEN_MAILS - Number(passed));
    if (emailConfirmation && left > 0) return left;
    const sql =
      "update auth.users set confirmation_sent_at = now(), confirmation_token = $2 where id = $1";
    await query(sql, [id, token]);
    return 0;
  });
  if (wait > 0) {
    const message = `For security purposes, you can only request this after ${wait} seconds.`;
    return authError(429, "over_email_send_rate_limit", message);
  }
  if (emailConfirmation) {
    const [user] = await database.as(null, (query) => findUsers(query, "where id = $1", [id]));
    return Response.json(user);
  }
  // Without confirmation the address is now confirmed, as if the link had been opened.
  const { origin } = new URL(request.url);
  const body = JSON.stringify({ type: "signup", token_hash: token });
  const headers = new Headers(request.headers);
  headers.delete("content-length");
  const verify = new Request(`${origin}/auth/v1/verify`, { method: "POST", headers, body });
  return await lite.fetch(verify);
}
