"""What decisions rest on, kept so that each can be explained years later: policy, word lists, clock, software."""
