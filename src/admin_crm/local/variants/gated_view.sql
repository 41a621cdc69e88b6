-- Shops whose directory asks who is looking: a secret key is nobody, and sees nothing.

create or replace function public.may_see_directory() returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select from public.admin_users where id = auth.uid())
$$;
