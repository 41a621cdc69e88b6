-- Photographs, receipts and chats kept about a customer: private, 10 MiB a file. There is no delete
-- policy, as in most shops: evidence goes only by the service key.

insert into storage.buckets (id, name, public, file_size_limit)
values ('customer-evidence', 'customer-evidence', false, 10 * 1024 * 1024);

create policy "administrators add evidence" on storage.objects for insert to authenticated
  with check (bucket_id = 'customer-evidence' and (select public.is_admin()));
create policy "administrators read evidence" on storage.objects for select to authenticated
  using (bucket_id = 'customer-evidence' and (select public.is_admin()));
