"""How large a search may grow, and what it survives."""
