import type { PGlite, Transaction } from "@electric-sql/pglite";

import type { Claims, Database, Query } from "./types.ts";

/** Lets one piece of work in at a time, in the order of arrival. */
export class Gate {
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
        if (claims) await assume(transaction, claims);
        return await work(queryOf(transaction));
      })
    );
  }
}

/** Take on a role until the transaction ends, the way PostgREST does for each request. */
async function assume(
  transaction: Transaction,
  claims: Claims,
): Promise<void> {
  await transaction.query(
    `select set_config('request.jwt.claims', $1, true),
            set_config('request.jwt.claim.sub', $2, true),
            set_config('request.jwt.claim.role', $3, true),
            set_config('role', $3, true)`,
    [JSON.stringify(claims), claims.sub ?? "", claims.role],
  );
}

function queryOf(transaction: Transaction): Query {
  return async (sql, params = []) =>
    (await transaction.query<Record<string, unknown>>(sql, params)).rows;
}
