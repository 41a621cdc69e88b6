import type { Database } from "./types.ts";
import { authError } from "./users.ts";

const UNITS: Record<string, number> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  "µs": 1e-6,
  "μs": 1e-6,
  ns: 1e-9,
};
const DURATION = /^[-+]?((\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|μs|ns))+$/;
/** What fits into Go's 64 bits of nanoseconds. */
const LONGEST = 2 ** 63 / 1e9;

/** The seconds of a Go duration such as `1h30m`; undefined where it is none. `1d` is none. */
export function seconds(duration: string): number | undefined {
  if (/^[-+]?0$/.test(duration)) return 0;
  if (!DURATION.test(duration)) return undefined;
  const parts = duration.matchAll(/(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|μs|ns)/g);
  const total = [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit], 0);
  if (total >= LONGEST) return undefined;
  return duration.startsWith("-") ? -total : total;
}

/** Turn away who is banned: at sign-in, whatever the password, and at a refresh, which uses nothing up. */
export async function refuseToken(request: Request, database: Database): Promise<Response | null> {
  const grant = new URL(request.url).searchParams.get("grant_type");
  const { email, refresh_token } = await request.clone().json().catch(() => ({}));
  if (grant === "password" && email) {
    const banned = await isBanned(database, "lower(email) = lower($1)", email);
    return banned ? authError(400, "user_banned", "User is banned") : null;
  }
  if (grant === "refresh_token" && refresh_token) {
    const owner = "id = (select user_id from auth.refresh_tokens where token = $1)";
    const banned = await isBanned(database, owner, refresh_token);
    return banned ? authError(400, "user_banned", "Invalid Refresh Token: User Banned") : null;
  }
  return null;
}

/** Turn away who is banned and has an access token from before. REST does not ask. */
export async function refuseUser(
  sub: string | undefined,
  database: Database,
): Promise<Response | null> {
  const banned = sub !== undefined && await isBanned(database, "id = $1", sub);
  return banned ? authError(403, "user_banned", "User is banned") : null;
}

/** The ban runs out by itself, and `banned_until` stays behind. */
async function isBanned(database: Database, condition: string, value: unknown): Promise<boolean> {
  const sql = `select 1 from auth.users where ${condition} and banned_until > now()`;
  return (await database.as(null, (query) => query(sql, [String(value)]))).length > 0;
}
