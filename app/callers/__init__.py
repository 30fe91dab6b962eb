"""Glue: calls from the same number: what was asked and answered before, and the measures in force."""
