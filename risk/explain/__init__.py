"""Why an application was decided as it was: contributions, shortfalls, adverse-action reasons."""
