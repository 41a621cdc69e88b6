import { jwtVerify, SignJWT } from "jose";

import { invalidRequest, StorageError } from "./errors.ts";

export interface Grant {
  url: string;
  scope: "download" | "upload";
  exp: number;
  owner?: string;
  upsert?: boolean;
}

/** Signs and reads the tokens that signed URLs carry. */
export class Tokens {
  readonly #key: Uint8Array;

  constructor(secret: string) {
    this.#key = new TextEncoder().encode(secret);
  }

  sign(grant: Omit<Grant, "exp">, expiresIn: number): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ ...grant })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuedAt(now)
      .setExpirationTime(now + expiresIn)
      .sign(this.#key);
  }

  async verify(token: string, url: string, scope: Grant["scope"]): Promise<Grant> {
    const { payload } = await jwtVerify<Grant>(token, this.#key, { algorithms: ["HS256"] })
      .catch(refuse);
    if (payload.scope !== scope) throw invalidSignature(`Token is not scoped for ${scope}`);
    if (payload.url !== url) throw invalidSignature("Invalid signature");
    return payload;
  }
}

export function tokenOf(query: URLSearchParams): string {
  const token = query.get("token");
  if (token === null) throw invalidRequest("querystring must have required property 'token'");
  return token;
}

function refuse(error: Error): never {
  throw new StorageError(400, "InvalidJWT", error.message);
}

export const invalidSignature = (message: string) =>
  new StorageError(400, "InvalidSignature", message);
