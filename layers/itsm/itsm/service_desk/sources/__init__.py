"""Intake sources: one file for each format that can arrive."""
