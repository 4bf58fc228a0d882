"""How long networks take on a device: measured once for each piece that a space can contain, then known of all."""
