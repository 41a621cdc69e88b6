"""Many customers at once: an outcome for each, as few requests as the server allows, and a journal to go on with."""
