#!/bin/sh
# Make the secrets that compose.yaml mounts, each of 192 random bits, in a folder that only its owner can enter:
# sh ops/secrets.sh [FOLDER]. What is there stays as it is. The files themselves can be read by all, since in a container
# another user reads them.
set -eu
folder=${1:-secrets}

random() { od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { # NAME VALUE
    [ -e "$folder/$1" ] || printf '%s\n' "$2" >"$folder/$1"
}

mkdir -p "$folder"
chmod 700 "$folder"
keep postgres_password "$(random)"
keep silver_dsn_owner "postgresql://risk:$(cat "$folder/postgres_password")@postgres:5432/risk"
for service in score api ui exporter receiver jobs; do
    keep "silver_dsn_$service" "postgresql://risk_${service}_user:$(random)@postgres:5432/risk"
done
for name in lake_access_key lake_secret_key bucket_access_key bucket_secret_key api_pepper alerts_token grafana_password ui_secret; do
    keep "$name" "$(random)"
done
# The lake's own user may read and write in its bucket; the other one makes the bucket, and nothing else uses it.
keep s3_identities.json "$(
    cat <<JSON
{"identities": [
  {"name": "bucket", "actions": ["Admin"], "credentials":
    [{"accessKey": "$(cat "$folder/bucket_access_key")", "secretKey": "$(cat "$folder/bucket_secret_key")"}]},
  {"name": "lake", "actions": ["Read:lake", "Write:lake", "List:lake"], "credentials":
    [{"accessKey": "$(cat "$folder/lake_access_key")", "secretKey": "$(cat "$folder/lake_secret_key")"}]}
]}
JSON
)"
chmod 644 "$folder"/*
