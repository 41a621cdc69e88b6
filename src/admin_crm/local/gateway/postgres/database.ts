import postgres from "postgres";

import { assume, FORGET, Gate } from "../database.ts";
import { type Claims, type Database, isoTimestamp, type Query } from "../types.ts";
import type { Cluster } from "./cluster.ts";

export const TIMESTAMPTZ = {
  to: 1184,
  from: [1184],
  serialize: (text: string) => text,
  parse: isoTimestamp,
};
const DATE = {
  to: 1082,
  from: [1082],
  serialize: (text: string) => text,
  parse: (text: string) => text,
};
const NUMBER = { to: 1700, from: [20, 1700], serialize: String, parse: Number };

/** A database server, one transaction at a time on a connection of its own. */
export class PostgresDatabase implements Database {
  readonly #gate = new Gate();
  readonly #sql: postgres.Sql<{ timestamptz: string; date: string; number: number }>;

  constructor(cluster: Cluster, role: string) {
    this.#sql = postgres({
      ...cluster.access(role),
      max: 1,
      types: { timestamptz: TIMESTAMPTZ, date: DATE, number: NUMBER },
    });
  }

  as<T>(claims: Claims | null, work: (query: Query) => Promise<T>): Promise<T> {
    return this.#sql.begin(async (transaction) => {
      const query: Query = (sql, params = []) =>
        transaction.unsafe(
          sql,
          params.map((each) => each ?? null) as postgres.ParameterOrJSON<never>[],
          { simple: false } as postgres.UnsafeQueryOptions,
        );
      if (claims) await assume(query, claims);
      return await work(query);
    }) as Promise<T>;
  }

  /** Run one statement as the role that this is the login of, and leave nothing of it in the session. */
  sql(statement: string): Promise<Record<string, unknown>[]> {
    return this.#gate.pass(async () => {
      try {
        return await this.as(null, (query) => query(statement));
      } finally {
        await this.script(`reset session authorization; ${FORGET}`);
      }
    });
  }

  /** Run SQL of many statements. */
  async script(sql: string): Promise<void> {
    await this.#sql.unsafe(sql).simple();
  }

  notify(channel: string, payload: string): Promise<unknown> {
    return this.#sql.notify(channel, payload);
  }

  close(): Promise<void> {
    return this.#sql.end();
  }
}
