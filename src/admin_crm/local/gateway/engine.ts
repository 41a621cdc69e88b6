import type { Lite } from "./lite.ts";
import type { Database, Handler } from "./types.ts";

/** What the services of a project run on. */
export interface Engine {
  database: Database;
  /** Run one statement as the shop's owner, and leave nothing of it in the session. */
  sql(statement: string): Promise<Record<string, unknown>[]>;
  /** Plays GoTrue. */
  lite: Lite;
  /** Answers `/rest/v1`. */
  rest: Handler;
  /** Let REST see what a statement has changed in the schema. */
  reloadSchema(): Promise<void>;
  close(): Promise<void>;
}
