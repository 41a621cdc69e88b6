import type { Claims, Database } from "../types.ts";
import type { Blobs } from "./blobs.ts";
import type { Pending } from "./pending.ts";
import type { Tokens } from "./tokens.ts";

/** What every route works with. */
export interface Context {
  database: Database;
  blobs: Blobs;
  pending: Pending;
  tokens: Tokens;
  publicUrl: string;
  fileSizeLimit: number;
}

/** One request, taken apart. */
export interface Call {
  request: Request;
  /** As it came over the wire, still percent-encoded. */
  path: string;
  query: URLSearchParams;
  bucket: string;
  key: string;
  /** Who asks; throws unless the request carries a good token. */
  claims(): Promise<Claims>;
}

export type Route = (context: Context, call: Call) => Promise<Response>;
