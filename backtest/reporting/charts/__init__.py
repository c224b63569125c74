"""Charts of the pages: data and options for the chart library."""
