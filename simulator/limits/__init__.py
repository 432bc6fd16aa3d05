"""What a value may be, whoever gives it: ranges, rules, memory, and the table of the continuous inputs."""
