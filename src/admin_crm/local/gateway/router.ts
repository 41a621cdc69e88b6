import { Refused } from "./keys.ts";
import type { Handler } from "./types.ts";

/** Send each request to the service whose prefix its path begins with. */
export function router(services: Record<string, Handler>): Handler {
  return async (request) => {
    // As it came over the wire: resolving dot segments would let a file's key lead to another service.
    const pathname = request.url.replace(/^\w+:\/\/[^/]*/, "").replace(/\?.*$/s, "");
    const prefix = Object.keys(services).find((each) => pathname.startsWith(each));
    if (!prefix) {
      return Response.json({ message: "no Route matched with those values" }, { status: 404 });
    }
    try {
      return await services[prefix](request);
    } catch (error) {
      if (error instanceof Refused) return error.response();
      console.error(`${request.method} ${pathname}:`, error);
      return Response.json({ message: "An unexpected error occurred" }, { status: 500 });
    }
  };
}
