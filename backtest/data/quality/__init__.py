"""Quality of data: limits that refuse a value, and findings that are reported."""
