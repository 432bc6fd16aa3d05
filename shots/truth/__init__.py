"""What is known of a shot: its crystals, labels of pixels, predicted spots, true intensities."""
