"""Pages: HTML files, their templates and texts."""
