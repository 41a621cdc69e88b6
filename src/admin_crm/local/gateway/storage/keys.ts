import { StorageError } from "./errors.ts";

const KEY = /^[A-Za-z0-9_/!.*'() &$=@;:+,?-]+$/;
const BUCKET = /^[A-Za-z0-9_!.*'() &$=@;:+,?-]{1,100}$/;

/** Let a key pass or refuse it; it stays a name in the database and never becomes a path on disk. */
export function validKey(key: string): string {
  if (!KEY.test(key)) throw new StorageError(400, "InvalidKey", `Invalid key: ${key}`);
  if (key.split("/").some((segment) => segment === "." || segment === "..")) {
    throw new StorageError(400, "InvalidKey", `Invalid key: ${key} contains dot path segment`);
  }
  return key;
}

export function validBucket(name: string): string {
  if (BUCKET.test(name)) return name;
  throw new StorageError(400, "InvalidBucketName", "Bucket name invalid", "Invalid Input");
}

/**
 * The path of a URL as it came over the wire, below the given prefix. `new URL` would resolve its
 * dot segments and so let a key climb into another bucket.
 */
export function rawPath(url: string, prefix: string): string {
  const path = url.replace(/^[a-z]+:\/\/[^/]*/, "").replace(/[?#].*$/, "");
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}
