"""The strategies that come with the project: one file, one class each."""
