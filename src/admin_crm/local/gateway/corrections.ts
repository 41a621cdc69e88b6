import type { Connection } from "@supabase/lite";

import { reveal } from "./filters.ts";

/** What Postgres says of a failed statement. */
export interface DatabaseError {
  code: string;
  message: string;
  detail?: string;
  hint?: string;
}

/** Mend, on lite's own connection, what cannot be mended around it. Returns the last error's reader. */
export function correct(connection: Connection): () => DatabaseError | undefined {
  // Once it sees row-level security lite grants everything to everyone, over the project's own
  // grants: let it believe that it has.
  Object.assign(connection, { rlsState: "active" });

  const onAst = connection.onPostgrestAST.bind(connection);
  connection.onPostgrestAST = (ast) => onAst(revealFilters(ast));

  let last: DatabaseError | undefined;
  const normalize = connection.normalizeDbError.bind(connection);
  connection.normalizeDbError = (error) => {
    const normal = normalize(error);
    last = normal as DatabaseError;
    return normal;
  };
  return () => last;
}

/** Only filters are disguised. What is to be written stays as it came, private characters too. */
function revealFilters<T extends object>(ast: T): T {
  return "values" in ast
    ? { ...reveal({ ...ast, values: null }), values: ast.values }
    : reveal(ast);
}
