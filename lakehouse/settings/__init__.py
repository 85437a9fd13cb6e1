"""What the product can be told: every `RISK_` setting, checked when a command starts."""
