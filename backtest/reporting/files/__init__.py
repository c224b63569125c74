"""Files of a report: folders, manifests and tables."""
