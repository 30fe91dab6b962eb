"""What people found a call to be, and what other rules would have said."""
