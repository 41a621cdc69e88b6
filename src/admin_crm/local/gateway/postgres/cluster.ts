import postgres from "postgres";

import { run, Server } from "./server.ts";

const FLAGS = {
  listen_addresses: "",
  max_connections: "40",
  // Nothing of it is there to stay.
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  io_method: "sync",
  jit: "off",
  // A shop is analyzed when it is made, and most live for minutes.
  autovacuum_naptime: "5min",
  timezone: "UTC",
  // What the server says of itself, not of statements that fail.
  log_min_messages: "log",
  log_checkpoints: "off",
};

const INITIAL = [
  "--username=postgres",
  "--auth=trust",
  "--encoding=UTF8",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--locale=C",
  "--no-sync",
  "--wal-segsize=1",
];

/** A PostgreSQL server with its data and its socket in one folder. */
export class Cluster {
  #server?: Server;

  private constructor(
    private readonly installed: string,
    readonly folder: string,
    private readonly uid?: number,
  ) {}

  /** A folder for a cluster, which belongs to the account that will run the server. */
  static async in(parent: string, name: string, installed: string): Promise<Cluster> {
    const folder = `${parent}/${name}`;
    await Deno.mkdir(folder, { mode: 0o700 });
    if (Deno.uid() !== 0) return new Cluster(installed, folder);
    // PostgreSQL refuses to run as root.
    const uid = Number(new TextDecoder().decode(await run(["id", "-u", "nobody"])));
    await Deno.chmod(parent, 0o711);
    await Deno.chown(folder, uid, uid);
    if (!await mayEnter(folder, uid)) {
      throw new Error(`PostgreSQL runs as nobody, who may not enter ${folder}: set TMPDIR`);
    }
    return new Cluster(await reachable(installed, parent, uid), folder, uid);
  }

  async initialize(): Promise<void> {
    const command = [`${this.installed}/bin/initdb`, `--pgdata=${this.folder}/data`, ...INITIAL];
    await run(["sh", "-c", 'exec "$@"', "initdb", ...command], { uid: this.uid });
  }

  async pack(): Promise<Blob> {
    return new Blob([await run(["tar", "-c", "-C", this.folder, "data"], { uid: this.uid })]);
  }

  async unpack(data: Blob): Promise<void> {
    await run(["tar", "-x", "-p", "-C", this.folder], { uid: this.uid, stdin: data });
  }

  /** Start the server; it ends by the signal: `INT` leaves data worth packing, `QUIT` is quick. */
  async start(signal: "INT" | "QUIT"): Promise<void> {
    const flags = Object.entries({ ...FLAGS, unix_socket_directories: this.folder });
    this.#server = new Server(
      "postgres",
      [`${this.installed}/bin/postgres`, "-D", `${this.folder}/data`]
        .concat(flags.flatMap(([name, value]) => ["-c", `${name}=${value}`])),
      { signal, uid: this.uid },
    );
    await this.#server.said("ready to accept connections");
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  /** How postgres.js reaches it. */
  access(username: string): postgres.Options<Record<string, never>> {
    return { host: this.folder, database: "postgres", username, onnotice: () => {} };
  }

  /** How a library of PostgreSQL's own reaches it. */
  address(user: string): string {
    return `postgresql://${user}@/postgres?host=${encodeURIComponent(this.folder)}`;
  }
}

/** The installation itself if the account can get at it, else a copy that it can get at. */
async function reachable(installed: string, folder: string, uid: number): Promise<string> {
  if (await mayEnter(installed, uid)) return installed;
  // Programs find their libraries by the way from one folder to the other.
  const [base, parent, name] = installed.match(/^(.*)\/([^/]+)\/([^/]+)$/)!.slice(1);
  const copy = `${folder}/${parent}`;
  if (!await Deno.stat(copy).then(() => true, () => false)) {
    await Deno.mkdir(copy);
    await run(["cp", "-R", installed, copy]);
    await run(["cp", "-R", `${base}/${parent}.libs`, folder]);
  }
  return `${copy}/${name}`;
}

function mayEnter(folder: string, uid: number): Promise<boolean> {
  return run(["sh", "-c", 'test -x "$1"', "test", folder], { uid }).then(() => true, () => false);
}
