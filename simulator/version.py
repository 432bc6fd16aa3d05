"""The version of the distribution; read by the build and printed by every program."""

VERSION = "0.1.0"
