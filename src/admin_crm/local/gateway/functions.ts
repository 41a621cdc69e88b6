import type { Keys } from "./keys.ts";
import type { Handler } from "./types.ts";

const FUNCTIONS = new URL("../supabase/functions/", import.meta.url);

/** Edge Functions, run in this process: a module registers its handler with `Deno.serve`. */
export function createFunctions(keys: Keys): Handler {
  const handlers = new Handlers();
  return async (request) => {
    const name = new URL(request.url).pathname.split("/")[3];
    if (!await handlers.has(name)) {
      return problem(404, "NOT_FOUND", "Requested function was not found");
    }
    const token = await keys.functionTokenOf(request);
    if (!await keys.verify(token).catch(() => null)) return problem(401, 401, "Invalid JWT");
    try {
      const handler = await handlers.get(name);
      return await handler(request);
    } catch (error) {
      console.error(`function ${name}:`, error);
      const message = "Function exited due to an error (please check logs)";
      return problem(500, "WORKER_ERROR", message);
    }
  };
}

/** The handlers of the functions, each loaded when it is first asked for. */
class Handlers {
  readonly #loaded = new Map<string, Promise<Handler>>();
  #last: Promise<unknown> = Promise.resolve();

  async has(name: string): Promise<boolean> {
    return /^[\w-]+$/.test(name) && await Deno.stat(source(name)).then(() => true, () => false);
  }

  get(name: string): Promise<Handler> {
    const known = this.#loaded.get(name);
    if (known) return known;
    // In turn, so that what one module registers is not taken for another's.
    const handler = this.#last.then(() => load(name));
    this.#last = handler.catch(() => {});
    this.#loaded.set(name, handler);
    return handler;
  }
}

async function load(name: string): Promise<Handler> {
  let handler: Handler | undefined;
  const serve = Deno.serve;
  // `Deno.serve(handler)` and `Deno.serve(options, handler)` are both in use.
  const register = (...given: unknown[]) => {
    handler = given.find((each) => typeof each === "function") as Handler;
  };
  Object.assign(Deno, { serve: register });
  try {
    await import(source(name).href);
  } finally {
    Object.assign(Deno, { serve });
  }
  if (!handler) throw new Error(`${name} does not call Deno.serve`);
  return handler;
}

function source(name: string): URL {
  return new URL(`${name}/index.ts`, FUNCTIONS);
}

function problem(status: number, code: string | number, message: string): Response {
  return Response.json({ code, message }, { status });
}
