"""How the simulator's shipped parameters were derived; no command that serves imports it."""
