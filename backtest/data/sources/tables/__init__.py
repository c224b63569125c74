"""Tables of files: containers, encodings, separators, headers, dates, numbers and layouts, recognised or stated."""
