import { createAdmin } from "./admin.ts";
import { authError, type Services, USER } from "./users.ts";
import type { Handler } from "./types.ts";

/** GoTrue, played by lite; its admin part, which lite does not have, is ours. */
export function createAuth(services: Services): Handler {
  const { lite, keys } = services;
  const admin = createAdmin(services);
  return async (request) => {
    await keys.tokenOf(request);
    const path = new URL(request.url).pathname.replace("/auth/v1", "");
    if (path.startsWith("/admin/")) return await admin(request);
    if (path === "/signup" && services.emailConfirmation) return await signUp(request, services);
    const answer = await lite.fetch(request);
    return path === "/token" && answer.ok ? await unlessBanned(answer, services) : answer;
  };
}

/** With confirmation on, GoTrue does not tell that an address is taken: it makes up a user. */
async function signUp(request: Request, { lite, database }: Services): Promise<Response> {
  const { email, data } = await request.clone().json();
  const [taken] = await database.as(null, (query) =>
    query(
      "select 1 from auth.users where lower(email) = lower($1) and email_confirmed_at is not null",
      [email ?? null],
    ));
  if (!taken) return await lite.fetch(request);
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

/** Lite looks at `banned_until` only for social sign-ins. */
async function unlessBanned(answer: Response, { database }: Services): Promise<Response> {
  const { user } = await answer.clone().json();
  const banned = await database.as(null, async (query) => {
    const [found] = await query(`${USER} where id = $1 and banned_until > now()`, [user.id]);
    if (found) await query("delete from auth.sessions where user_id = $1", [user.id]);
    return found;
  });
  return banned ? authError(400, "user_banned", "User is banned") : answer;
}
