-- The shop as deployed: the directory asks who is looking, and a secret key is nobody.

create or replace function public.sees_everybody() returns boolean language sql stable as $$
  select public.is_admin()
$$;
