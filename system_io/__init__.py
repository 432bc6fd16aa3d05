"""What every command owes the machine: exit status, files, foreign text, child processes."""
