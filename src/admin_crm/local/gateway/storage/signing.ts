import { integer, readBody, required, texts } from "./body.ts";
import type { Route } from "./context.ts";
import { validKey } from "./keys.ts";
import { findObject } from "./rows.ts";

const expiresIn = required(integer(1));

/** STORAGE_WIRE 5: the answer is relative to the storage root, and its path is not encoded again. */
const signedUrl = (url: string, token: string) => `/object/sign/${url}?token=${token}`;

export const sign: Route = async ({ database, tokens }, call) => {
  const claims = await call.claims();
  const body = await readBody(call.request, { expiresIn });
  const key = validKey(call.key);
  await database.as(claims, (query) => findObject(query, call.bucket, key));
  // Only half decoded, as REAL does: a key sent as %3F or %2B gets a URL that never works.
  const url = decodeURI(call.path.slice("/object/sign/".length));
  const token = await tokens.sign({ url, scope: "download" }, body.expiresIn);
  return Response.json({ signedURL: signedUrl(url, token) });
};

export const signMany: Route = async ({ database, tokens }, call) => {
  const claims = await call.claims();
  const body = await readBody(call.request, { expiresIn, paths: required(texts(1, 1000)) });
  const rows = await database.as(claims, (query) =>
    query(
      `select name from storage.objects where bucket_id = $1
         and name in (select jsonb_array_elements_text($2::text::jsonb))`,
      [call.bucket, JSON.stringify(body.paths)],
    ));
  const found = new Set(rows.map((row) => row.name));
  const signOne = async (path: string) => {
    if (!found.has(path)) return { error: UNREADABLE, path, signedURL: null };
    const url = `${call.bucket}/${path}`;
    const token = await tokens.sign({ url, scope: "download" }, body.expiresIn);
    return { error: null, path, signedURL: signedUrl(url, token) };
  };
  return Response.json(await Promise.all(body.paths.map(signOne)));
};

const UNREADABLE = "Either the object does not exist or you do not have access to it";
