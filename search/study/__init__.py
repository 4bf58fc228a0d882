"""The record of a search: `study.Study` holds its trials, each a `record.TrialRecord`, and makes tables of them."""
