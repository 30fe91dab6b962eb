"""What an office publishes: counts of calls, never of a person."""
