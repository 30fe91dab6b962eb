"""How the trained part of detection is made from the corpus; not needed to run it."""
