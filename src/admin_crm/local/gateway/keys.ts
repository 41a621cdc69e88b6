import { jwtVerify, SignJWT } from "jose";

import type { Secrets } from "./secrets.ts";
import type { Claims } from "./types.ts";

const TEN_YEARS = 10 * 365 * 24 * 3600;
const JSON_ERROR = { "Content-Type": "application/json; charset=utf-8" };

/** A request that the gateway itself turns away. */
export class Refused extends Error {
  constructor(message: string, readonly hint: string) {
    super(message);
  }

  response(): Response {
    return new Response(JSON.stringify({ message: this.message, hint: this.hint }), {
      status: 401,
      headers: JSON_ERROR,
    });
  }
}

/** The project's keys: `sb_...` and the legacy JWTs, which mean the same two roles. */
export class Keys {
  readonly publishable: string;
  readonly secret: string;
  readonly jwtSecret: string;
  anonJwt = "";
  serviceRoleJwt = "";
  readonly #secret: Uint8Array;
  readonly #issuedAt: number;

  private constructor({ publishable, secret, jwt, issued_at }: Secrets) {
    this.publishable = publishable;
    this.secret = secret;
    this.jwtSecret = jwt;
    this.#secret = new TextEncoder().encode(jwt);
    this.#issuedAt = issued_at;
  }

  static async from(secrets: Secrets): Promise<Keys> {
    const keys = new Keys(secrets);
    keys.anonJwt = await keys.#sign({ role: "anon" });
    keys.serviceRoleJwt = await keys.#sign({ role: "service_role" });
    return keys;
  }

  /** The token that speaks for a request: its session's, else the one its API key stands for. */
  async tokenOf(request: Request): Promise<string> {
    const apiKey = request.headers.get("apikey") ??
      new URL(request.url).searchParams.get("apikey");
    if (!apiKey) {
      throw new Refused(
        "No API key found in request",
        "No `apikey` request header or url param was found.",
      );
    }
    const ofKey = await this.#roleToken(apiKey);
    const bearer = bearerOf(request);
    return bearer && !bearer.startsWith("sb_") ? bearer : ofKey;
  }

  /** The same for a function, where the platform is content with a bearer token of any kind. */
  async functionTokenOf(request: Request): Promise<string> {
    const bearer = bearerOf(request);
    if (!bearer) return await this.tokenOf(request);
    return this.#opaque(bearer) ?? bearer;
  }

  /** The claims of a request to storage; throws with the messages of the real server. */
  async authenticate(request: Request): Promise<Claims> {
    const given = bearerOf(request) ?? request.headers.get("apikey") ?? "";
    return await this.verify(this.#opaque(given) ?? given);
  }

  async verify(token: string): Promise<Claims> {
    const { payload } = await jwtVerify(token, this.#secret, { algorithms: ["HS256"] });
    return payload as Claims;
  }

  #sign(claims: Record<string, unknown>): Promise<string> {
    return new SignJWT({ iss: "supabase", ...claims })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuedAt(this.#issuedAt)
      .setExpirationTime(this.#issuedAt + TEN_YEARS)
      .sign(this.#secret);
  }

  #opaque(key: string): string | undefined {
    if (key === this.publishable) return this.anonJwt;
    if (key === this.secret) return this.serviceRoleJwt;
  }

  async #roleToken(apiKey: string): Promise<string> {
    const token = this.#opaque(apiKey) ?? apiKey;
    try {
      await this.verify(token);
      return token;
    } catch {
      throw new Refused(
        "Invalid API key",
        "Double check your Supabase `anon` or `service_role` API key.",
      );
    }
  }
}

function bearerOf(request: Request): string | undefined {
  return request.headers.get("authorization")?.match(/^Bearer\s+(.+)$/i)?.[1];
}
