"""Floor 1: the words every practice shares; standard library only."""
