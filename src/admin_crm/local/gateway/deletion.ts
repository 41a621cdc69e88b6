import { createHash } from "node:crypto";

import type { Query } from "./types.ts";

/** Delete a user for good; what refers to it goes along, or stops the deletion. */
export async function remove(query: Query, id: string): Promise<void> {
  await query("delete from auth.users where id = $1", [id]);
}

/**
 * Delete a user softly: the row stays, and in it hashes of what it said. Profiles and the like stay as
 * they are. Whoever was deleted softly before is left alone.
 */
export async function forget(query: Query, id: string): Promise<void> {
  const [user] = await query(
    `select coalesce(email, '') as email, coalesce(phone, '') as phone,
       coalesce(email_change, '') as email_change, coalesce(phone_change, '') as phone_change
     from auth.users where id = $1 and deleted_at is null`,
    [id],
  );
  if (!user) return;
  const hashed = (value: unknown) => hash(id, String(value));
  await query(
    `update auth.users set
       email = $2, phone = left($3, 15), email_change = $4, phone_change = left($5, 15),
       encrypted_password = null, confirmation_token = '', recovery_token = '',
       email_change_token_current = '', email_change_token_new = '', phone_change_token = '',
       raw_user_meta_data = '{}', raw_app_meta_data = '{}', deleted_at = now(), updated_at = now()
     where id = $1`,
    [id, ...[user.email, user.phone, user.email_change, user.phone_change].map(hashed)],
  );
  const identities = await query(
    "select id, provider, provider_id from auth.identities where user_id = $1",
    [id],
  );
  for (const { id: identity, provider, provider_id } of identities) {
    await query(
      "update auth.identities set identity_data = '{}', provider_id = $2, updated_at = now() where id = $1",
      [identity, hashed(`${provider}:${provider_id}`)],
    );
  }
  await query("delete from auth.refresh_tokens where user_id = $1", [id]);
  await query("delete from auth.sessions where user_id = $1", [id]);
}

function hash(id: string, value: string): string {
  return createHash("sha256").update(id.toLowerCase() + value).digest("base64url");
}
