"""The organisation as data: one TOML file per owner, no code; `make check` says what is wrong, with file, line and key."""
