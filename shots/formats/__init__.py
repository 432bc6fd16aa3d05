"""The table of image formats that a data set is written in, and of geometry and masks that are read."""
