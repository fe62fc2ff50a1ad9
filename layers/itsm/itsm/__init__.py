"""The product: records, practices, the service desk, and the doors they stand behind."""
