"""Cache of fetched series: names, storage and fetching."""
