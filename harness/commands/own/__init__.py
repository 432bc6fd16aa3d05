"""The commands about programs of the user's own, whatever they compute."""
