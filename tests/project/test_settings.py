"""The settings that a page, the compose file or a message names are settings that exist."""

import re

from lakehouse.settings.settings import PREFIX, SECRETS, Settings, variable_of
from tests.project.tree import ROOT, files, offending

NAME = re.compile(rf"\b{PREFIX}[A-Z0-9_]+")
SILENT = {"risk", "tests"}  # these packages know no settings; the names there are their own


def _known() -> set[str]:
    names = {variable_of(field) for field in Settings.model_fields}
    return names | {f"{variable_of(field)}_FILE" for field in SECRETS}


def test_no_file_names_a_setting_that_does_not_exist() -> None:
    known = _known()
    families = {name[: end.end()] for name in known for end in re.finditer("_", name)}
    product = [path for path in files() if path.relative_to(ROOT).parts[0] not in SILENT]

    def names_an_unknown(line: str) -> bool:
        return bool(set(NAME.findall(line)) - known - families)

    assert offending(product, names_an_unknown) == []
