import { timingSafeEqual } from "node:crypto";

const HEADER = "x-local-admin-key";
const JSON_TYPE = /^application\/json(;|$)/i;
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Who may use the stack's own endpoints: programs of this machine that were given the administration
 * key. A web page is not one, even one whose name leads to this machine: it cannot send the header
 * without asking first, and is told no.
 */
export class Guard {
  readonly #hosts: string[];
  readonly #origins: string[];
  readonly #key: Uint8Array;

  constructor(url: string, key: string) {
    const { port } = new URL(url);
    this.#hosts = LOOPBACK.map((name) => `${name}:${port}`);
    this.#origins = this.#hosts.map((host) => `http://${host}`);
    this.#key = new TextEncoder().encode(key);
  }

  /** Why a request is refused; nothing when it is not. */
  refusal(request: Request): Response | undefined {
    const { headers, method } = request;
    const { host, search } = new URL(request.url);
    const named = headers.get("host")?.toLowerCase() ?? "";
    if (!this.#hosts.includes(named) || host !== named) {
      return refused(403, "answered for 127.0.0.1 and localhost only");
    }
    const origin = headers.get("origin");
    if (origin !== null && !this.#origins.includes(origin)) {
      return refused(403, "not for web pages");
    }
    if (method !== "POST") return refused(405, "POST only");
    if (search) return refused(400, "no query is read here: the key goes in the header " + HEADER);
    if (!this.#isKey(headers.get(HEADER) ?? "")) {
      return refused(401, `the administration key is needed, in the header ${HEADER}`);
    }
    if (!JSON_TYPE.test(headers.get("content-type") ?? "")) {
      return refused(415, "the body must be application/json");
    }
  }

  #isKey(given: string): boolean {
    const bytes = new TextEncoder().encode(given);
    return bytes.length === this.#key.length && timingSafeEqual(bytes, this.#key);
  }
}

export function refused(status: number, message: string): Response {
  return Response.json({ message }, { status });
}
