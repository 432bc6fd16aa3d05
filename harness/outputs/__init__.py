"""The outputs of two runs beside their float images: held to what those give."""
