"""Print scorecards and policies as SQL: ``python -m lakehouse models sql | policies sql``."""

import argparse
import sys
from collections.abc import Callable

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.artefacts import find_model, find_policy
from lakehouse.settings.settings import Settings
from risk.features.sql import SqlSource
from risk.models.scorecard import Scorecard
from risk.models.scorecard_sql import scorecard_sql
from risk.policy.policy_sql import policy_sql


def add_model_sql(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``sql`` to the command ``models``."""
    _add_sql(verbs, "a scorecard", _model_sql)


def add_policies(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``policies`` with its verb."""
    parser = commands.add_parser("policies", help="a policy as plain SQL")
    _add_sql(parser.add_subparsers(required=True, metavar="VERB"), "a policy", _policy_sql)


def _add_sql(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    what: str,
    written: Callable[[Settings, str, SqlSource], str],
) -> None:
    verb = verbs.add_parser("sql", help=f"{what} as one SQL statement (DuckDB, Postgres)")
    verb.add_argument("version", metavar="VERSION")
    verb.add_argument(
        "--from",
        dest="table",
        default="decisions",
        help="the relation it reads; default: decisions, as in the lake",
    )
    verb.add_argument(
        "--joint",
        action="store_true",
        help="it has both applicants' figures in columns of their own, as clean applications have",
    )

    def run(settings: Settings, options: argparse.Namespace) -> int:
        applications = SqlSource(options.table, has_joint_figures=options.joint)
        sys.stdout.write(written(settings, options.version, applications))
        return 0

    verb.set_defaults(run=run)


def _model_sql(settings: Settings, version: str, applications: SqlSource) -> str:
    model = find_model(settings.lake_uri, version)
    if not isinstance(model, Scorecard):
        raise ArtefactInvalid(
            f"model {version} is a {model.kind}: expected a scorecard, which alone is points and "
            "a formula; see docs/models for what it is instead"
        )
    return scorecard_sql(model, applications)


def _policy_sql(settings: Settings, version: str, applications: SqlSource) -> str:
    return policy_sql(find_policy(settings.lake_uri, version), applications)
