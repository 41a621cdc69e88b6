import type { Engine } from "./engine.ts";
import type { Keys } from "./keys.ts";
import type { Handler } from "./types.ts";

/** What no Supabase has: SQL as the database's owner, for tests and for looking around. */
export function createLocal(engine: Engine, keys: Keys): Handler {
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/local/health") return Response.json({ healthy: true });
    if (pathname !== "/local/sql") return Response.json({ message: "not found" }, { status: 404 });
    const { role } = await keys.verify(await keys.tokenOf(request));
    if (role !== "service_role") {
      return Response.json({ message: "the secret key only" }, { status: 403 });
    }
    const { sql } = await request.json();
    try {
      const rows = await engine.database.as(null, (query) => query(sql));
      if (/\b(create|alter|drop)\b/i.test(sql)) await engine.reloadSchema();
      return Response.json(rows);
    } catch (error) {
      return Response.json({ message: String(error) }, { status: 400 });
    }
  };
}
