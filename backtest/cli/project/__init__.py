"""Commands that set up a project, and the schema with which editors check its configurations."""
