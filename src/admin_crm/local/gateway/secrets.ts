/** What all keys of a project come from; random for each stack, and kept only where data is kept. */
export interface Secrets {
  publishable: string;
  secret: string;
  jwt: string;
  /** Opens the stack's own endpoints, and nothing of the project. */
  administration: string;
  /** When the project was made, in seconds: the legacy keys are tokens of that moment. */
  issued_at: number;
}

export async function newSecrets(): Promise<Secrets> {
  return {
    publishable: await apiKey("sb_publishable_"),
    secret: await apiKey("sb_secret_"),
    jwt: random(48),
    administration: `local_admin_${random(32)}`,
    issued_at: Math.floor(Date.now() / 1000),
  };
}

/** The secrets kept in a folder, which nobody but its owner may enter; made first if need be. */
export async function keptSecrets(folder: string): Promise<Secrets> {
  const file = `${folder}/keys.json`;
  await privateFolder(folder);
  try {
    await close(file, 0o600);
    return checked(JSON.parse(await Deno.readTextFile(file)));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new Error(`${file} cannot be read; remove it to have new keys`, { cause: error });
    }
  }
  const secrets = await newSecrets();
  // Written beside and renamed, so that a start that is cut short leaves all of it or nothing.
  const draft = `${file}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(draft, JSON.stringify(secrets), { mode: 0o600, createNew: true });
  await Deno.rename(draft, file);
  return secrets;
}

/** A folder that is there, and closed to other users. */
export async function privateFolder(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  await close(folder, 0o700);
}

async function close(path: string, mode: number): Promise<void> {
  if (Deno.build.os !== "windows") await Deno.chmod(path, mode);
}

function checked(read: Partial<Secrets>): Secrets {
  const { publishable, secret, jwt, administration, issued_at } = read;
  if (publishable && secret && jwt && administration && issued_at) return read as Secrets;
  throw new Error("a key is missing");
}

/** A key as the platform makes them: a random part and a check sum. */
async function apiKey(prefix: string): Promise<string> {
  const key = prefix + random(16);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  return `${key}_${encoded(new Uint8Array(digest, 0, 6))}`;
}

function random(bytes: number): string {
  return encoded(crypto.getRandomValues(new Uint8Array(bytes)));
}

function encoded(bytes: Uint8Array<ArrayBuffer>): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
