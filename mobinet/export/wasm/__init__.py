"""Export to WebAssembly: the same C, and a page that runs it."""
