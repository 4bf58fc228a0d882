"""One module a family, named like its twin in space/families; see mobinet/part.py."""
