"""Version of the project. The package's metadata, the manifests and `--version` read it here."""

__version__ = "0.2.0"
