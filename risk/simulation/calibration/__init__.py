"""How the simulator's shipped parameters were derived; no serving command imports it."""
