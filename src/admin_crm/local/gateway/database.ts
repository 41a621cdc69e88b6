import type { PGlite } from "@electric-sql/pglite";

import type { Claims, Database, Query } from "./types.ts";

/** Whom the gateway is to the database, when it is not there for somebody. */
export const SESSION_ROLE = "gateway";

/** Decides when a piece of work is done. */
export interface Turns {
  pass<T>(work: () => Promise<T>): Promise<T>;
}

/** Lets one piece of work in at a time, in the order of arrival. */
export class Gate implements Turns {
  #last: Promise<unknown> = Promise.resolve();

  pass<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** The embedded Postgres, one transaction at a time behind the gate it shares with lite. */
export class PgliteDatabase implements Database {
  constructor(
    private readonly driver: PGlite,
    private readonly gate: Gate,
  ) {}

  as<T>(claims: Claims | null, work: (query: Query) => Promise<T>): Promise<T> {
    return this.gate.pass(() =>
      this.driver.transaction(async (transaction) => {
        const query: Query = async (sql, params = []) =>
          (await transaction.query<Record<string, unknown>>(sql, params)).rows;
        if (claims) await assume(query, claims);
        return await work(query);
      })
    );
  }

  /**
   * Run one statement as the shop's owner. A statement may undo the role, since there is only this
   * one session: it is then the role that made the database, which is no superuser (see
   * retire_embedded.sql).
   */
  async sql(statement: string): Promise<Record<string, unknown>[]> {
    return await this.gate.pass(async () => {
      try {
        return await this.driver.transaction(async (transaction) => {
          await transaction.exec("set local role shop_owner");
          return (await transaction.query<Record<string, unknown>>(statement)).rows;
        });
      } finally {
        await this.driver.exec(`${FORGET}; set role ${SESSION_ROLE}`);
      }
    });
  }
}

/** What a statement may have left in a session, other than its role. */
export const FORGET = "close all; discard temp; reset all";

/** Take on a role until the transaction ends, the way PostgREST does for each request. */
export async function assume(query: Query, claims: Claims): Promise<void> {
  await query(
    `select set_config('request.jwt.claims', $1, true),
            set_config('request.jwt.claim.sub', $2, true),
            set_config('request.jwt.claim.role', $3, true),
            set_config('role', $3, true)`,
    [JSON.stringify(claims), claims.sub ?? "", claims.role],
  );
}
