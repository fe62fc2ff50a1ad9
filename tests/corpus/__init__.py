"""Corpus: mail and webhooks that nobody here wrote, and what their own projects say is right, as one table."""
