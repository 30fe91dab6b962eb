"""The calls shipped with the project: scripts, sound, and the true time of every turn."""
