import type { Keys } from "./keys.ts";
import type { Lite } from "./lite.ts";
import type { Database } from "./types.ts";

/** What the auth routes work with. */
export interface Services {
  lite: Lite;
  keys: Keys;
  database: Database;
  emailConfirmation: boolean;
}

/** Users in the shape in which GoTrue answers them; to be followed by `where`. */
export const USER = `
  select id, aud, role, coalesce(email, '') as email, coalesce(phone, '') as phone,
    email_confirmed_at, confirmed_at, last_sign_in_at, banned_until,
    raw_app_meta_data as app_metadata, raw_user_meta_data as user_metadata,
    created_at, updated_at, is_anonymous,
    coalesce((
      select json_agg(json_build_object(
        'identity_id', identity.id, 'id', identity.provider_id, 'user_id', identity.user_id,
        'identity_data', identity.identity_data, 'provider', identity.provider,
        'last_sign_in_at', identity.last_sign_in_at, 'created_at', identity.created_at,
        'updated_at', identity.updated_at))
      from auth.identities identity where identity.user_id = users.id
    ), '[]') as identities
  from auth.users`;

/** An error in GoTrue's shape. */
export function authError(
  status: number,
  error_code: string,
  msg: string,
  more: object = {},
): Response {
  return Response.json({ code: status, error_code, msg, ...more }, {
    status,
    headers: { "x-sb-error-code": error_code },
  });
}
