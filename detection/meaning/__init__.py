"""What an utterance means: a small language encoder tuned to this field, and the letters beside it."""
