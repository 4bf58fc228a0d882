"""Export to C99: a folder that any C compiler turns into a program."""
