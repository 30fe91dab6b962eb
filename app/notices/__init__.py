"""Telling others: what the office has asked to be told of its calls, each once, to where it said, and nothing else."""
