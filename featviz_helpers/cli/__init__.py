"""The command line, without logic of its own: what was typed becomes calls of the other rooms."""
