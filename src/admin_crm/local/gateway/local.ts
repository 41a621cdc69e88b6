import type { Engine } from "./engine.ts";
import { type Guard, refused } from "./guard.ts";
import type { Handler } from "./types.ts";

/** What no Supabase has: SQL as the shop's owner, for tests and for looking around. */
export function createLocal(engine: Engine, guard: Guard): Handler {
  return async (request) => {
    const refusal = guard.refusal(request);
    if (refusal) return refusal;
    if (new URL(request.url).pathname !== "/local/sql") return refused(404, "not found");
    const statement = (await request.json().catch(() => null))?.sql;
    if (typeof statement !== "string") return refused(400, 'the body must be {"sql": "..."}');
    try {
      const rows = await engine.sql(statement);
      if (/\b(create|alter|drop)\b/i.test(statement)) await engine.reloadSchema();
      return Response.json(rows);
    } catch (error) {
      return refused(400, String(error));
    }
  };
}
