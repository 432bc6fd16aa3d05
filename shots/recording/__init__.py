"""What a detector adds to photons: background, noise, blur, gain, limits; one stage a module."""
