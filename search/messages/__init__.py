"""What a command says, to people and to programs."""
