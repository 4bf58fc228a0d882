"""One module a family; see space/family.py."""
