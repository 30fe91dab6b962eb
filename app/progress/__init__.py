"""How far a call has come: steps, warnings with their proof, clocks, the same request side by side."""
