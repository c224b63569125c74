"""The live page: a local server that runs a configuration again while its settings are moved."""
