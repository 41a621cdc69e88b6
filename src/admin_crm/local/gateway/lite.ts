import { App, type Connection } from "@supabase/lite";

import type { DatabaseError } from "./corrections.ts";
import type { Turns } from "./database.ts";
import type { Options } from "./options.ts";

/** For making what is kept for later stacks, which must know no stack's secret. */
export const NO_SECRET = "of nobody, since nothing is signed with it";

/** Supabase Lite on a connection. */
export class Lite {
  constructor(
    private readonly app: App,
    private readonly turns: Turns,
    /** The last error that the database has reported to lite. */
    readonly lastError: () => DatabaseError | undefined,
  ) {}

  /**
   * Ask lite, in turn. On PGlite only one request may be let in at a time: on its single connection
   * lite interleaves concurrent requests, so one user's transaction would run with the rights of
   * another. On a pool each transaction has a connection to itself.
   */
  async fetch(request: Request): Promise<Response> {
    const body = request.body ? await request.arrayBuffer() : undefined;
    const { method, headers } = request;
    const whole = new Request(request.url, { method, headers, body });
    return await this.turns.pass(async () => {
      const answer = await this.app.fetch(whole);
      const { status, headers } = answer;
      return new Response(answer.body ? await answer.arrayBuffer() : null, { status, headers });
    });
  }
}

export function appOn(connection: Connection, jwtSecret: string, options: Options): App {
  return new App({
    connection,
    api: { max_rows: options.max_rows },
    auth: {
      enabled: true,
      jwt_secret: jwtSecret,
      enable_signup: true,
      email: { enable_signup: true, enable_confirmations: options.email_confirmation },
    },
    db: { migrations: { enabled: false } },
    studio: { enabled: false },
    // The gateway turns keys into tokens itself, because lite knows no legacy JWT keys.
    options: { server: { apiKeys: false, disableStudio: true } },
  });
}
