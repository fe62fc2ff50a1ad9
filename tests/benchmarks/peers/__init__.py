"""Peers: our mail door and other help desks on the same mails, in one run."""
