import { optional, readBody, required, text, texts } from "./body.ts";
import type { Route } from "./context.ts";
import { accessDenied, duplicateAs, noSuchKey } from "./errors.ts";
import { validKey } from "./keys.ts";
import { findObject, OBJECT, save } from "./rows.ts";
import { wantsUpsert } from "./upload.ts";

const TRANSFER = {
  bucketId: required(text),
  sourceKey: required(text),
  destinationBucket: optional(text),
  destinationKey: required(text),
};

/** STORAGE_WIRE 6: what is missing or out of reach is absent from the answer, without a complaint. */
export const removeMany: Route = async ({ database, blobs }, call) => {
  const claims = await call.claims();
  const { prefixes } = await readBody(call.request, { prefixes: required(texts(1)) });
  const removed = await database.as(claims, (query) =>
    query(
      `delete from storage.objects where bucket_id = $1
         and name in (select jsonb_array_elements_text($2::text::jsonb))
       returning ${OBJECT}`,
      [call.bucket, JSON.stringify(prefixes)],
    ));
  await blobs.remove(removed.map((object) => String(object.version)));
  return Response.json(removed);
};

/** STORAGE_WIRE 7: a single object in the way of a policy is a refusal, even if it cannot be seen. */
export const removeOne: Route = async ({ database, blobs }, call) => {
  const claims = await call.claims();
  const { version } = await database.as(null, (query) => findObject(query, call.bucket, call.key));
  const [removed] = await database.as(claims, (query) =>
    query(
      "delete from storage.objects where bucket_id = $1 and name = $2 returning id",
      [call.bucket, call.key],
    ));
  if (!removed) throw accessDenied("Access denied");
  await blobs.remove([version]);
  return Response.json({ message: "Successfully deleted" });
};

export const move: Route = async ({ database }, call) => {
  const claims = await call.claims();
  const body = await readBody(call.request, TRANSFER);
  const destination = body.destinationBucket ?? body.bucketId;
  const [moved] = await database.as(claims, (query) =>
    query(
      `update storage.objects set bucket_id = $3, name = $4, updated_at = now()
       where bucket_id = $1 and name = $2 returning id`,
      [body.bucketId, body.sourceKey, destination, validKey(body.destinationKey)],
    )).catch(duplicateAs("ResourceAlreadyExists"));
  if (!moved) throw noSuchKey();
  return Response.json({ message: "Successfully moved" });
};

export const copy: Route = async (context, call) => {
  const claims = await call.claims();
  const body = await readBody(call.request, TRANSFER);
  const source = await context.database.as(
    claims,
    (query) => findObject(query, body.bucketId, body.sourceKey),
  );
  const twin = {
    ...source,
    id: crypto.randomUUID(),
    bucket_id: body.destinationBucket ?? body.bucketId,
    name: validKey(body.destinationKey),
    owner_id: claims.sub,
    version: await context.blobs.copy(source.version),
    metadata: { ...source.metadata, lastModified: new Date().toISOString() },
  };
  await save(context, claims, twin, wantsUpsert(call.request));
  const row = await context.database.as(
    null,
    (query) => findObject(query, twin.bucket_id, twin.name),
  );
  return Response.json({ Key: `${twin.bucket_id}/${twin.name}`, Id: row.id, ...row });
};
