"""Users of the auth server: signed up, made by an administrator, invited, looked up, signed out."""
