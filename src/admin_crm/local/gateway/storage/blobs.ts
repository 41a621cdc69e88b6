import { createHash, type Hash } from "node:crypto";
import { join } from "node:path";

import { asStorageError, brokenOff, StorageError, tooLarge } from "./errors.ts";

export interface Blob {
  version: string;
  size: number;
  eTag: string;
}

export type Bytes = ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;

/** The bytes of the objects, under random version names: no user-made name ever touches the disk. */
export class Blobs {
  constructor(private readonly folder: string) {
    Deno.mkdirSync(folder, { recursive: true });
  }

  path(version: string): string {
    return join(this.folder, version);
  }

  async write(bytes: Bytes): Promise<Blob> {
    const version = crypto.randomUUID();
    const hash = createHash("md5");
    using file = await Deno.open(this.path(version), { write: true, createNew: true });
    try {
      const size = await pour(bytes, file, { hash });
      return { version, size, eTag: quoted(hash) };
    } catch (error) {
      await this.remove([version]);
      throw error;
    }
  }

  /** Add to a blob that grows piece by piece; what arrived before a failure stays. */
  async append(version: string, bytes: Bytes, options: { limit: number; signal: AbortSignal }) {
    using file = await Deno.open(this.path(version), { append: true, create: true });
    return await pour(bytes, file, options);
  }

  async describe(version: string): Promise<Blob> {
    const hash = createHash("md5");
    using file = await Deno.open(this.path(version));
    let size = 0;
    const buffer = new Uint8Array(CHUNK);
    for (let read; (read = await file.read(buffer)) !== null; size += read) {
      hash.update(buffer.subarray(0, read));
    }
    return { version, size, eTag: quoted(hash) };
  }

  async copy(version: string): Promise<string> {
    const twin = crypto.randomUUID();
    await Deno.copyFile(this.path(version), this.path(twin));
    return twin;
  }

  open(version: string): Promise<Deno.FsFile> {
    return Deno.open(this.path(version));
  }

  async size(version: string): Promise<number> {
    return await Deno.stat(this.path(version)).then((file) => file.size, () => 0);
  }

  async remove(versions: string[]): Promise<void> {
    await Promise.allSettled(versions.map((version) => Deno.remove(this.path(version))));
  }
}

const CHUNK = 64 * 1024;

/** A stretch of an open file, which is closed at its end. */
export async function stretch(file: Deno.FsFile, start: number, length: number) {
  await file.seek(start, Deno.SeekMode.Start);
  let left = length;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const buffer = new Uint8Array(Math.min(CHUNK, left));
      const read = left > 0 ? await file.read(buffer) : null;
      if (read === null) {
        file.close();
        return controller.close();
      }
      left -= read;
      controller.enqueue(buffer.subarray(0, read));
    },
    cancel: () => file.close(),
  });
}

async function pour(
  bytes: Bytes,
  file: Deno.FsFile,
  { hash, limit = Infinity, signal }: { hash?: Hash; limit?: number; signal?: AbortSignal },
): Promise<number> {
  let size = 0;
  const sink = new WritableStream<Uint8Array>({
    async write(chunk) {
      if (size + chunk.length > limit) throw tooLarge();
      await writeAll(file, chunk);
      hash?.update(chunk);
      size += chunk.length;
    },
  });
  const stream = bytes instanceof ReadableStream ? bytes : ReadableStream.from([bytes]);
  await stream.pipeTo(sink, { signal }).catch((error) => {
    throw error instanceof StorageError ? error : brokenOff();
  });
  return size;
}

async function writeAll(file: Deno.FsFile, chunk: Uint8Array): Promise<void> {
  try {
    for (let done = 0; done < chunk.length;) done += await file.write(chunk.subarray(done));
  } catch (error) {
    throw asStorageError(error);
  }
}

function quoted(hash: Hash): string {
  return `"${hash.digest("hex")}"`;
}
