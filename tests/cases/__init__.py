"""Cases: what other systems' tests assert, run through our own engine; `make cases` prints what came of each file."""
