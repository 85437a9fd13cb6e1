#!/bin/sh
# Run a command with S3's credentials from files: AWS_SECRET_ACCESS_KEY_FILE names the file that holds what
# AWS_SECRET_ACCESS_KEY would. The libraries that speak to S3 know the variables only; for RISK_ variables the
# product does the same by itself.
set -eu
for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; do
    eval "file=\${${name}_FILE:-}"
    [ -n "$file" ] || continue
    value=$(cat "$file" 2>/dev/null) || value=
    if [ -z "$value" ]; then
        echo "settings_invalid: ${name}_FILE: $file is empty or cannot be read" >&2
        exit 2
    fi
    export "$name=$value"
    unset "${name}_FILE"
done
exec "$@"
