"""What only the command line may do to the process: it is done before torch is loaded."""
