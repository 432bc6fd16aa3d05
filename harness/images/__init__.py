"""Two images: measured, judged and drawn."""
