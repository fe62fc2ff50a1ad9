"""Floor 2: one room per ITIL practice; none imports another."""
