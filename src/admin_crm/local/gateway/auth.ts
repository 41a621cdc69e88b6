import { createAdmin } from "./admin.ts";
import { refuseToken, refuseUser } from "./bans.ts";
import { signUp } from "./signup.ts";
import type { Handler } from "./types.ts";
import type { Services } from "./users.ts";

/** GoTrue, played by lite; its admin part, which lite does not have, is ours. */
export function createAuth(services: Services): Handler {
  const { lite, keys, database } = services;
  const admin = createAdmin(services);
  return async (request) => {
    const token = await keys.tokenOf(request);
    const path = new URL(request.url).pathname.replace("/auth/v1", "");
    if (path.startsWith("/admin/") || path === "/invite") return await admin(request);
    if (path === "/signup") return await signUp(request, services);
    if (path === "/token") return await refuseToken(request, database) ?? await lite.fetch(request);
    if (path === "/user") {
      const { sub } = await keys.verify(token).catch(() => ({ sub: undefined }));
      const refused = await refuseUser(sub, database);
      if (refused) return refused;
    }
    return await lite.fetch(path === "/logout" ? as(request, token) : request);
  };
}

/** A request whose key is the token that the key stands for: lite knows no keys. */
function as(request: Request, token: string): Request {
  const headers = new Headers(request.headers);
  headers.set("authorization", `Bearer ${token}`);
  return new Request(request, { headers });
}
