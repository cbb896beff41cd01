#!/bin/sh
# schemathesis against a service with an empty ledger: no answer 5xx, none outside the description; the ledger is whole afterwards.
# Called by `make contract` with the command and schemathesis.
set -eu
ssc=$1
schemathesis=$2
dir=$(mktemp -d)
serving=
trap '[ -z "$serving" ] || kill "$serving"; rm -rf "$dir"' EXIT
export SSC_LEDGER="$dir/ledger.db"

"$ssc" ledger init --region 990000 --quiet
"$ssc" ledger outlet A1 --name East --bank 'TEST Bank' --manager boss --quiet
token=$("$ssc" ledger token boss --as boss --quiet)
"$ssc" ledger serve --listen 127.0.0.1:0 --rate 1000000 >"$dir/ready" 2>"$dir/log" &
serving=$!
for _ in $(seq 100); do
  grep -q ready "$dir/ready" && break
  sleep 0.1
done
address=$(sed -n 's/^ready //p' "$dir/ready")

"$schemathesis" run "$address/v1/openapi.json" --header "Authorization: Bearer $token" --max-examples "${EXAMPLES:-100}" \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance
kill "$serving"
wait "$serving"
serving=
"$ssc" ledger audit --as boss
if grep -n '"status":5' "$dir/log"; then
  echo "the log has answers 5xx" >&2
  exit 1
fi
