"""Glue: supervisors who join a live call: who is there, what they hear, write and ask for."""
