"""Floor 2: the only folder that knows Jira; a ticket and its issue, kept the same from both ends."""
