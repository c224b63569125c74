"""Where a result comes from: the times in which it was earned."""
