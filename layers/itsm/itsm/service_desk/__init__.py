"""Floor 2: ITIL's single point of contact; whatever arrives becomes a submission, and a submission a record."""
