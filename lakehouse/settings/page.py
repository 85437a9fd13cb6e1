"""The page of all settings, docs/settings.md, made from the settings themselves.

``python -m lakehouse.settings.page > docs/settings.md``
"""

import sys

from msgspec.structs import FieldInfo, fields

from lakehouse.settings.settings import Secret, Settings, expected, meaning, variable_of

_HEAD = """\
# Settings

Every setting of the house, read from the environment once, at the start of a command. None is
needed: without any, the flow scores simulated applications into an embedded Postgres and a local
lake. A variable that begins with `RISK_` and is not listed here is refused, and so is an empty or
malformed one.

A secret can also be handed over as a file: `RISK_KAFKA_PASSWORD_FILE` names a file that holds what
`RISK_KAFKA_PASSWORD` would. S3 is reached with the usual `AWS_` variables (`AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`, ...).

| Variable | Default | Values | Meaning |
| --- | --- | --- | --- |
"""


def settings_page() -> str:
    """Return the page as Markdown."""
    return _HEAD + "".join(map(_row, fields(Settings)))


def _row(field: FieldInfo) -> str:
    default = field.default.reveal() if isinstance(field.default, Secret) else str(field.default)
    shown = f"`{default}`" if default else ""
    cells = (f"`{variable_of(field.name)}`", shown, expected(field.name), meaning(field.name))
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
