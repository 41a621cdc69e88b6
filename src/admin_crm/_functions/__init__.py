"""Edge Functions: invoked, and their responses read."""
