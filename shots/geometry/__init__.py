"""Where panels, beam and spindle stand in the laboratory frame; the words of other programs for it."""
