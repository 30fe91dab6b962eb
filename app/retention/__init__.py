"""How long what is kept, and how it is surely gone afterwards."""
