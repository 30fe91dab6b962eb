"""Glue: the supervisors' board: every live call of a section in one read, and the page that shows it."""
