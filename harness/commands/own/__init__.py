"""The commands on pairs of programs that a parity.toml describes, the user's own or ours."""
