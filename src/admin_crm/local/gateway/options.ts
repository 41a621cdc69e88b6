/** What the launcher asks for: the first line on standard input. */
export interface Options {
  /** Lite on the embedded Postgres, or PostgREST on a Postgres server. */
  engine: "lite" | "postgrest";
  /** Where the PostgreSQL server of the second engine is installed. */
  postgres: string | null;
  /** Port to listen on; 0 for any free one. */
  port: number;
  /** Rows that one answer may hold at most, as a hosted project's setting of this name. */
  max_rows: number;
  /** Customers that the seed makes. */
  customers: number;
  email_confirmation: boolean;
  /** Names of the files to apply on top of the standard project, as seen from `variants/`. */
  variants: string[];
  /** Secrets of the Edge Functions, by name: they make the functions those of other shops. */
  function_secrets: Record<string, string>;
  /** Where files go; removed at the end, unless it is the folder to keep data in. */
  folder: string;
  /** A folder to keep the data in, or null for none. */
  data_dir: string | null;
  /** Where seeded databases are kept, for the next start. */
  cache_dir: string;
}
