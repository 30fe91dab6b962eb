"""The way back to the telephone: only ever because a person clicked and confirmed, and always written down."""
