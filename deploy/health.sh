#!/bin/sh
# Succeeds while the server of this container is ready. The certificate is the server's own, so it isn't checked.
set -eu
port=${WEIGHTSPAN_LISTEN##*:}
scheme=http
[ -z "${WEIGHTSPAN_TLS_CERT:-}" ] || scheme=https
exec wget -q --no-check-certificate -O /dev/null "$scheme://127.0.0.1:$port/readyz"
