"""Floor 2: the only folder that knows AWS."""
