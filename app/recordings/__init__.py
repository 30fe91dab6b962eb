"""Sound of calls as it was heard, unreadable without the key."""
