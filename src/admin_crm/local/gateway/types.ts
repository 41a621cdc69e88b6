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

export type Handler = (request: Request) => Promise<Response> | Response;
