"""What an office writes down about one incident."""
