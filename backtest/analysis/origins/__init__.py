"""Times in which a result was earned."""
