"""A typed Python client for the people who run a shop on Supabase."""
