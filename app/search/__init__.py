"""Finds calls by what was said, by its sound, and by what is known of them."""
