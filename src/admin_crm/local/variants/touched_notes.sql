-- Shops where a trigger says when a note was changed.

create trigger admin_customer_notes_touch before update on public.admin_customer_notes
  for each row execute function public.touch_updated_at();
