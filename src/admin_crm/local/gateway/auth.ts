import { type Keys } from "./keys.ts";
import type { Lite } from "./lite.ts";
import type { Handler } from "./types.ts";

/** GoTrue, played by lite. */
export function createAuth(lite: Lite, keys: Keys): Handler {
  return async (request) => {
    await keys.tokenOf(request);
    return await lite.fetch(request);
  };
}
