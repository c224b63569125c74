"""Series of the library, put together from their parts."""
