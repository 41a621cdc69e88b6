/** Who is asking, as the database sees it. */
export interface Claims {
  role: "anon" | "authenticated" | "service_role";
  sub?: string;
  [claim: string]: unknown;
}

export type Query = (
  sql: string,
  params?: unknown[],
) => Promise<Record<string, unknown>[]>;

export interface Database {
  /**
   * Work in one transaction with the rights of the claims (row-level security applies), or as the
   * owner when null. Never interleaved with another request.
   */
  as<T>(claims: Claims | null, work: (query: Query) => Promise<T>): Promise<T>;
}

/** Postgres' own form of a moment as PostgREST and GoTrue answer it, in ISO 8601. */
export function isoTimestamp(text: string): string {
  return text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
}

export type Handler = (request: Request) => Promise<Response> | Response;
