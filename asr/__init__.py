"""Bytes to transcripts: framing, voice activity, segmenting, recognition. Knows no rules about words."""
