"""All commands under one name: the table of commands, their entry points, completion and man pages."""
