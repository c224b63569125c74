"""Page of a comparison."""
