"""The commands that search for differences, and make small what they find."""
