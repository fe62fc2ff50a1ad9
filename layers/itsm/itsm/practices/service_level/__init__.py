"""Service level: what agreements promise, the clocks that measure it, and what happens when they run out."""
