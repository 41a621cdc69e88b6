"""How the local stack fails."""


class LocalStackError(RuntimeError):
    """The local Supabase could not be started, or returned an error."""
