"""First screen of a tearsheet."""
