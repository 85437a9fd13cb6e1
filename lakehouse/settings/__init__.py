"""Every `RISK_` setting of the product, checked when a command starts."""
