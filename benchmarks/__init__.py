"""Commands that measure mobinas; README.md lists them."""
