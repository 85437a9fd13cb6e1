# The project's commands. `./justw RECIPE` runs them on a machine that has Python and nothing else.
# CI runs these same recipes.

python := ".venv/bin/python"
lock := python + " -m uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'just lock'"

# One thread per process, deliberately: two busy processes on two cores slow each other down a hundredfold.
export OMP_NUM_THREADS := "1"

# What only a machine with a C compiler can cover.
export NOT_COMPILED := if path_exists("risk/ingest/native/libflat.so") == "true" { "nothing" } else { "risk/ingest/native/*.py" }

# Asked of the domain's own tests only: tracing slows down what it watches.
covered := "--cov=risk --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100"

set positional-arguments := true

# List the recipes
default:
    @{{ quote(just_executable()) }} --justfile {{ quote(justfile()) }} --list --unsorted

# Score a simulated stream, live, and account for it: just demo [SECONDS], else until Ctrl-C
[group('run')]
demo *seconds:
    @{{ python }} -m dataflows.demo "$@"

# Serve the API: decide on request, read, explain and replay decisions (docs/api.md)
[group('run')]
api:
    @{{ python }} -m serving.app

# Serve the pages on RISK_UI_ADDRESS (docs/ui.md)
[group('run')]
ui *options:
    @{{ python }} -m ui "$@"

# Ask the lake: just sql ["select ..."], else an interactive prompt
[group('run')]
sql *question:
    @{{ python }} -m lakehouse sql "$@"

# Account for every event, and compare silver with gold: just account [--json]
[group('run')]
account *options:
    @{{ python }} -m lakehouse check "$@"

# Compare gold with silver, range by range, from where the last run ended: just reconcile [--all] [--repair] [--every SECONDS]
[group('run')]
reconcile *options:
    @{{ python }} -m lakehouse reconcile "$@"

# What was refused, and deciding it after a fix: just quarantine list | show | replay [--dry-run]
[group('run')]
quarantine *options:
    @{{ python }} -m lakehouse quarantine "$@"

# Send what was refused on to a dead letter topic: just relay [--to kafka://HOST:PORT/TOPIC] [--every SECONDS]
[group('run')]
relay *options:
    @{{ python }} -m dataflows.relay "$@"

# Keep the lake small and quick, beside running flows: just maintain [--compact] [--vacuum] [--retain] [--every SECONDS]
[group('run')]
maintain *options:
    @{{ python }} -m lakehouse maintain "$@"

# Bring silver's schema up to date
[group('run')]
migrate *options:
    @{{ python }} -m lakehouse migrate "$@"

# Copy silver, with the versions of gold's tables, into a folder: just backup FOLDER [--keep N]
[group('run')]
backup *options:
    @{{ python }} -m lakehouse backup "$@"

# Put a backup's silver into an empty database, and compare gold with it: just restore BACKUP
[group('run')]
restore *options:
    @{{ python }} -m lakehouse restore "$@"

# Which models score, and which one decides: just models list | register FILE | promote VERSION --reason WHY | ...
[group('run')]
models *options:
    @{{ python }} -m lakehouse models "$@"

# Record what became of loans: just outcomes FILE | "sim://?seed=1&limit=100000" [--observed-on DAY]
[group('run')]
outcomes *options:
    @{{ python }} -m dataflows.outcomes "$@"

# Decide a whole file of LendingClub's into the lake, with outcomes, without silver: just load-history FILE
[group('run')]
load-history *options:
    @{{ python }} -m dataflows.history "$@"

# Make a lake of N simulated decisions over seven years, with outcomes, without silver: just make-history N [SEED]
[group('run')]
make-history count seed="1" *options:
    @count=$1 seed=$2 && shift 2 && {{ python }} -m dataflows.history "sim://?limit=$count&seed=$seed" "$@"

# Make stored decisions again and compare: just replay-decision ID... | --sample N | --all [--json]
[group('run')]
replay-decision *options:
    @{{ python }} -m dataflows.replay_decision "$@"

# Say whether a challenger may be promoted; ask on any day: just verdict VERSION [--json]
[group('run')]
verdict *options:
    @{{ python }} -m dataflows.verdict "$@"

# Watch the book and the models, of every closed period: just monitor [--grain week] [--every MINUTES] [--no-reports]
[group('run')]
monitor *options:
    @{{ python }} -m dataflows.monitor "$@"

# What other cut-offs would have approved, and what became of it: just cutoffs --pd 0.2 --high-dti 35 [--write FILE.json]
[group('run')]
cutoffs *options:
    @{{ python }} -m lakehouse cutoffs "$@"

# Decide the past by any version: just backtest lake | FILE | "sim://?limit=20000" [--against-policy P] [--against-model M]
[group('run')]
backtest *options:
    @{{ python }} -m dataflows.backtest "$@"

# Fit champion and challengers, with their dossiers: just train [FILE | sim://... | lake] [--weight COLUMN] [--observed-on YYYY-MM]
[group('run')]
train *options:
    @{{ python }} -m dataflows.train "$@"

# Send simulated applications to a topic: just simulate kafka://HOST:PORT/TOPIC ["sim://?rate=500"] [--max N]
[group('run')]
simulate to source="sim://?rate=200&seed=1" *options:
    @to=$1 source=$2 && shift 2 && {{ python }} -m dataflows.produce "$source" --to "$to" "$@"

# Start the whole product without containers, check it all the way, run until Ctrl-C: just stack [--once] [--rate N]
[group('run')]
stack *options:
    @{{ python }} -m tests.stack "$@"

# Start the whole product in containers, with secrets of its own: just up [SERVICE...]
[group('run')]
up *services:
    sh ops/secrets.sh "${SECRETS_FOLDER:-secrets}"
    docker compose up --build --detach --wait {{ if services == "" { "score api ui maintain monitor reconcile relay exporter receiver prometheus alertmanager grafana console" } else { "" } }} "$@"

# Stop it; the data stays, unless told --volumes: just down [--volumes]
[group('run')]
down *options:
    docker compose down "$@"

# Follow what it writes: just logs [SERVICE...]
[group('run')]
logs *services:
    docker compose logs --follow --tail 100 "$@"

# Run the tests, real servers included, but the longest; tests/risk must cover risk/ whole. With arguments: those tests
[group('prove')]
test *arguments:
    @[ $# -eq 0 ] || exec {{ python }} -m pytest "$@"; \
    {{ python }} -m pytest --ignore tests/risk -m 'not long' --numprocesses 3 --dist loadfile --no-loadscope-reorder; \
    others=$?; \
    {{ python }} -m pytest tests/risk -m 'not long' --numprocesses 3 --dist loadfile {{ covered }} && exit $others

# Run the longest tests: faults that take their time, more examples
[group('prove')]
test-long *arguments:
    {{ python }} -m pytest -m long {{ if arguments == "" { "--numprocesses 2 --dist load" } else { "" } }} "$@"

# Try the faults that must be survived, over real processes: just faults [--only NAME] [--seed N] [--short | --full | --list]
[group('prove')]
faults *options:
    @{{ python }} -m tests.faults "$@"

# Run all checks that need no running system
[group('prove')]
check: lint types imports

# Check style: Python, its formatting, SQL
[group('prove')]
lint:
    {{ python }} -m ruff check
    {{ python }} -m ruff format --check
    {{ python }} -m sqlfluff lint --disable-progress-bar lakehouse

# Check types, strictly
[group('prove')]
types:
    {{ python }} -m mypy

# Check which package imports which
[group('prove')]
imports:
    {{ parent_directory(python) }}/lint-imports

# Show what the tests leave uncovered in every package
[group('prove')]
coverage *arguments:
    {{ python }} -m pytest --cov --cov-report=term-missing:skip-covered "$@"

# Measure, as JSON: just bench NAME; without a name it lists the benches
[group('prove')]
bench *name:
    @{{ python }} -m tests.bench "$@"

# Fuzz the compiled reader under sanitizers, guided by coverage where clang is: just fuzz [SECONDS]
[group('prove')]
fuzz *seconds:
    {{ python }} -m tests.risk.flat_fuzz "$@"

# Format the code and sort its imports
[group('change')]
format:
    {{ python }} -m ruff check --fix-only
    {{ python }} -m ruff format
    {{ python }} -m sqlfluff fix --disable-progress-bar lakehouse

# Write Grafana's dashboards from ops/grafana/boards.yml
[group('change')]
dashboards:
    {{ python }} ops/grafana/dashboards.py

# Pin what pyproject.toml asks for: just lock [--upgrade | --upgrade-package NAME]
[group('change')]
lock *options:
    {{ lock }} --annotation-style line --all-extras --group dev --output-file requirements.lock "$@"
    {{ lock }} --no-annotate --constraints requirements.lock --output-file ops/requirements.lock
    {{ lock }} --no-annotate --constraints requirements.lock --extra ui --output-file ops/ui.lock
    {{ lock }} --no-annotate --constraints requirements.lock --extra monitor --output-file ops/monitor.lock
