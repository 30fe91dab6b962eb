"""What other rules would have said about calls that are over."""
