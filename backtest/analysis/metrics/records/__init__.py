"""Records of the numbers of a summary: one record and one function a number."""
