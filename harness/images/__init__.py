"""Two images: measured, judged, told and checked again."""
