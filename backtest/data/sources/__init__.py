"""One file a source: each lists its columns and reads some of them into a `Table`."""
