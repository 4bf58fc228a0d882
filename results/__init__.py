"""What a run leaves on disk: settings, tables, entries of networks and the report, written and read without torch."""
