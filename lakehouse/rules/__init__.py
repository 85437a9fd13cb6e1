"""The models and the policy that decide now, and those that decided then."""
