"""Text to findings to decisions. Does not know that audio exists."""
