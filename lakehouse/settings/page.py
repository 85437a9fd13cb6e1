"""Write docs/settings.md, the page of all settings, from the settings themselves.

``python -m lakehouse.settings.page > docs/settings.md``
"""

import sys
from typing import Any

from lakehouse.settings.settings import SECRETS, Settings, described, expected, variable_of

_HEAD = """\
# Settings

A command reads its settings from the environment once, at its start. All settings have defaults:
without any, the flow scores simulated applications into an embedded Postgres and a local lake. A
command refuses to start if a variable that begins with `RISK_` is not listed here, is empty, or is
malformed. It ignores the variables that Kubernetes adds for a service whose name begins with
`risk-`, such as `..._PORT=tcp://10.0.0.1:8000` beside `..._SERVICE_HOST`.

A secret can also come from a file: `RISK_KAFKA_PASSWORD_FILE` names a file that holds the value of
`RISK_KAFKA_PASSWORD`. S3 is configured by the usual `AWS_` variables (`AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`, ...).

| Variable | Default | Values | Meaning |
| --- | --- | --- | --- |
"""


def settings_page() -> str:
    """Return the page as Markdown."""
    return _HEAD + "".join(_row(field, about) for field, about in described().items())


def _row(field: str, about: dict[str, Any]) -> str:
    default = Settings.model_fields[field].default if field in SECRETS else about.get("default", "")
    text = default.get_secret_value() if field in SECRETS else str(default)
    shown = f"`{text}`" if text else ""
    cells = (f"`{variable_of(field)}`", shown, expected(field), about["description"])
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
