"""Windows of returns: their sizes, and sums over many windows."""
