"""Which sampler finds the best front in the fewest trials."""
