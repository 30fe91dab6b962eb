"""Glue: what the preview answers for the parts of the screens, one module for each part."""
