"""Data sets: from files to batches. `search.data.catalog` names them, `search.data.dataset` loads one."""
