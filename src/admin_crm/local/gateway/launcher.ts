import type { Options } from "./options.ts";

/** The process that started the gateway, at the other end of standard input and output. */
export interface Launcher {
  options: Options;
  /** Resolves when the launcher has closed its end, or has died. */
  gone: Promise<void>;
  announce(answer: unknown): Promise<void>;
}

export async function launcher(): Promise<Launcher> {
  const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
  let line = "";
  while (!line.includes("\n")) {
    const { value, done } = await input.read();
    if (done) Deno.exit(0);
    line += value;
  }
  return { options: JSON.parse(line), gone: ended(input), announce };
}

async function ended(input: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await input.read()).done);
}

async function announce(answer: unknown): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(answer) + "\n"));
}
