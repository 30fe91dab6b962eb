"""The doors: every telephone protocol that may bring a call, in one model."""
