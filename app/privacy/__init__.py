"""Whose name, number or address was said, and who reads it."""
