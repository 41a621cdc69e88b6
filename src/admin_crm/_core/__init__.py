"""What every call shares, whatever it is about."""
