"""Glue: help without recognition, the breaks after a hard call, and what the cards know of the office."""
