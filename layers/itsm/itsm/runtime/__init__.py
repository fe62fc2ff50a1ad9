"""Floor 3: what every door wears."""
