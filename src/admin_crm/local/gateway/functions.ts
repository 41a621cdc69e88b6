import { Keys } from "./keys.ts";
import type { Handler } from "./types.ts";

const FUNCTIONS = new URL("../supabase/functions/", import.meta.url);

/** Edge Functions, run in this process: a module registers its handler with `Deno.serve`. */
export function createFunctions(keys: Keys): Handler {
  const loaded = new Map<string, Promise<Handler | null>>();
  return async (request) => {
    const name = new URL(request.url).pathname.split("/")[3];
    if (!loaded.has(name)) loaded.set(name, load(name));
    const handler = await loaded.get(name);
    if (!handler) {
      return json(404, { code: "NOT_FOUND", message: "Requested function was not found" });
    }
    try {
      await keys.verify(await keys.tokenOf(request));
    } catch {
      return json(401, { code: 401, message: "Invalid JWT" });
    }
    try {
      return await handler(request);
    } catch (error) {
      console.error(`function ${name}:`, error);
      return json(500, {
        code: "WORKER_ERROR",
        message: "Function exited due to an error (please check logs)",
      });
    }
  };
}

async function load(name: string): Promise<Handler | null> {
  const file = new URL(`${name}/index.ts`, FUNCTIONS);
  if (!/^[\w-]+$/.test(name) || !(await exists(file))) return null;
  const serve = Deno.serve;
  try {
    return await new Promise<Handler>((resolve, reject) => {
      const register = (...given: unknown[]) =>
        resolve(given.find((each) => typeof each === "function") as Handler);
      Object.assign(Deno, { serve: register });
      import(file.href).then(() => reject(new Error(`${name} does not call Deno.serve`)), reject);
    });
  } finally {
    Object.assign(Deno, { serve });
  }
}

function exists(file: URL): Promise<boolean> {
  return Deno.stat(file).then(() => true, () => false);
}

function json(status: number, body: unknown): Response {
  return Response.json(body, { status });
}
