import type { DatabaseError } from "./corrections.ts";
import { disguiseQuoted } from "./filters.ts";
import type { Keys } from "./keys.ts";
import type { Lite } from "./lite.ts";
import type { Handler } from "./types.ts";

interface Problem {
  code: string;
  message: string;
  details: string | null;
  hint: string | null;
}

/** PostgREST, played by lite. */
export function createRest(lite: Lite, keys: Keys): Handler {
  return async (request) => {
    const token = await keys.tokenOf(request);
    // Lite takes what does not look like a token for a visitor without one.
    const parts = token.split(".").length;
    if (parts !== 3) {
      return problem(401, "PGRST301", `Expected 3 parts in JWT; got ${parts}`);
    }
    const headers = new Headers(request.headers);
    headers.set("authorization", `Bearer ${token}`);
    const { method, body } = request;
    const asked = new Request(disguiseQuoted(request.url), { method, headers, body });
    return await corrected(await lite.fetch(asked), lite.lastError);
  };
}

async function corrected(
  answer: Response,
  lastError: () => DatabaseError | undefined,
): Promise<Response> {
  if (answer.status !== 416 && answer.status !== 500) return answer;
  const { code, message, details }: Problem = await answer.clone().json();
  if (code === "SUP") return unknownToLite(lastError()) ?? answer;
  if (code === "PGRST103") return endOfRows(details) ?? answer;
  console.error(code, message);
  return answer;
}

/** Lite answers 500 `SUP` for errors that PostgREST answers with the database's own code. */
function unknownToLite(error: DatabaseError | undefined): Response | undefined {
  if (!error?.code) return;
  const failed = /^(0[89]|2[5D]|3[89B]|40|5[3-8]|F0|HV|XX|P0(?!001))/.test(error.code);
  const status = failed ? 500 : 400;
  return problem(status, error.code, error.message, error.detail, error.hint);
}

/** Only an offset beyond the end is refused; at the very end there is an empty page. */
function endOfRows(details: string | null): Response | undefined {
  const [offset, total] = (details ?? "").match(/\d+/g) ?? [];
  if (offset === undefined || offset !== total) return;
  return Response.json([], { status: 206, headers: { "content-range": `*/${total}` } });
}

function problem(
  status: number,
  code: string,
  message: string,
  details: string | null = null,
  hint: string | null = null,
): Response {
  return Response.json({ code, message, details, hint } satisfies Problem, { status });
}
