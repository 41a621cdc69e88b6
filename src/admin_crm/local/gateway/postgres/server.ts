// A background command of a shell has no standard input, hence the detour by another number.
const LIFELINE = `
  signal=$1; shift
  exec 3<&0
  "$@" </dev/null 3<&- & server=$!
  { read -r _ <&3; kill -s "$signal" "$server"; } 2>/dev/null & watch=$!
  exec 3<&-
  wait "$server"; code=$?
  kill "$watch" 2>/dev/null
  exit "$code"`;

// Another account may not be let into the folder where the launcher was started.
const ANYWHERE = "/";

export interface Manner {
  /** The signal that ends the server. */
  signal: "INT" | "QUIT" | "TERM";
  env?: Record<string, string>;
  uid?: number;
}

/**
 * A server in a process of its own. A shell beside it waits for the end of a pipe from this
 * process, and then ends the server: so it never outlives the gateway, however that comes to its end.
 */
export class Server {
  readonly #process: Deno.ChildProcess;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  #end?: Error;

  constructor(readonly name: string, command: string[], { signal, env, uid }: Manner) {
    this.#process = new Deno.Command("sh", {
      args: ["-c", LIFELINE, "lifeline", signal, ...command],
      env,
      uid,
      gid: uid,
      cwd: ANYWHERE,
      stdin: "piped",
      // The launcher reads it to its end, and so knows when the last server is gone.
      stdout: "inherit",
      stderr: "piped",
    }).spawn();
    this.#listen();
  }

  /** Resolves when the server has said something in which the text is, from now on; rejects when it has ended. */
  said(text: string): Promise<void> {
    if (this.#end) return Promise.reject(this.#end);
    const said = Promise.withResolvers<void>();
    this.#waiting.set(text, said);
    return said.promise;
  }

  async stop(): Promise<void> {
    await this.#process.stdin.close();
    await this.#process.status;
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const piece of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop()!;
      lines.forEach((line) => this.#hear(line));
    }
    this.#end = new Error(`${this.name} has ended`);
    for (const said of this.#waiting.values()) said.reject(this.#end);
  }

  #hear(line: string): void {
    console.error(`${this.name}: ${line}`);
    for (const [text, said] of this.#waiting) {
      if (!line.includes(text)) continue;
      this.#waiting.delete(text);
      said.resolve();
    }
  }
}

/** Run a program to its end, and give what it has said. */
export async function run(
  [program, ...args]: string[],
  { uid, stdin }: { uid?: number; stdin?: Blob } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const process = new Deno.Command(program, {
    args,
    uid,
    gid: uid,
    cwd: ANYWHERE,
    stdin: stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [{ success, stdout, stderr }] = await Promise.all([
    process.output(),
    stdin?.stream().pipeTo(process.stdin),
  ]);
  if (!success) throw new Error(`${program} ${args}: ${new TextDecoder().decode(stderr)}`);
  return stdout;
}
