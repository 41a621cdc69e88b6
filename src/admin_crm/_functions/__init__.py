"""Edge Functions: invoked, and their answers read."""
