"""An ended call, looked at again: sound, words, findings and deeds on one axis."""
