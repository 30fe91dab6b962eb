"""The only package that knows HTTP, SQL, the network or the time of day."""
