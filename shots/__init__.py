"""From one image to a data set: plans of shots, panels, noise, file formats, truth."""
