"""Two programs that a file describes, whatever they compute: built, run on cases, compared, judged, kept."""
