"""The organisation as data: one TOML file per matter, no code; `python -m itsm.runtime.policies` checks it."""
