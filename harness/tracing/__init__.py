"""Two traces of chosen pixels: made, judged, explained and checked again."""
