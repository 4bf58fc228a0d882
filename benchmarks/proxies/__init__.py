"""How well a cheap evaluation ranks networks."""
