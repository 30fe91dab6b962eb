"""Glue: help that needs no recognition: a missed moment, quiet prompts, a break, and who called 110."""
