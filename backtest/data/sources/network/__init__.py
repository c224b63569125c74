"""Requests over the network: downloads, retries, and the session of the Yahoo client."""
