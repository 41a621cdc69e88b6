import { type Keys } from "./keys.ts";
import type { Lite } from "./lite.ts";
import type { Handler } from "./types.ts";

/** PostgREST, played by lite. */
export function createRest(lite: Lite, keys: Keys): Handler {
  return async (request) => {
    const headers = new Headers(request.headers);
    headers.set("authorization", `Bearer ${await keys.tokenOf(request)}`);
    return await lite.fetch(new Request(request, { headers }));
  };
}
