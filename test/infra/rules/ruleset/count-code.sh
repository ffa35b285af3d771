#!/usr/bin/env bash
# Counts the code that decides whether Cloudflare accepts a rule, and the tables that it decides from: lines that are neither blank
# nor comments. Usage: count-code.sh [COMMIT], by default HEAD. 5f38c96 is the last commit with five deciders.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
commit=${1:-HEAD}
lints='action-(phase|plan)|block-response|redirect-target|logging-without-skip|skip-(does-nothing|values)|duplicate-ref|rule-count'
lints="$lints|rate-limit-(colo|characteristics|period|timeout|threshold|counting-plan|lists)|unknown-list|list-kind|long-description"
tables='infra/rules/schema/(phases|plans|limits|parameters|cache-and-config|shape)|infra/local/api/rulesets/(action|settings)-parameters'
deciders="infra/rules/ruleset/[a-z-]+|infra/rules/lint/lints/($lints)|infra/rules/lint/refused|infra/rules/check/availability"
deciders="$deciders|infra/rules/engine/(parameters|error)|infra/rules/text-size|infra/policy/(entitlements|validate)"
deciders="$deciders|infra/local/api/rulesets/(accept|entitlements|expression|phases|rules|scope)|infra/local/api/routes/rulesets"
count() {
  git ls-tree -r --name-only "$commit" infra | grep -E "^($1)\.ts$" | while read -r file; do git show "$commit:$file"; done |
    grep -cvE '^\s*(//|/?\*|$)'
}
echo "$commit: $(count "$deciders") lines of code, $(count "$tables") lines of tables"
