#!/usr/bin/env bash
# Imports half a million generated events into a fresh folder with the real
# program and prints speed, processor time, peak memory and disk.
#
#   bench/run.sh [EVENTS [PROGRAM]]      PROGRAM is built when it is not given
set -euo pipefail
cd "$(dirname "$0")/.."
events=${1:-500000}
work=$(mktemp -d "${TMPDIR:-/tmp}/konseki-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

program=${2:-$work/konseki}
[ $# -ge 2 ] || go build -trimpath -o "$program" ./cmd/konseki
go run ./bench/gen -n "$events" -seed 42 -o "$work/events.jsonl"
raw=$(stat -c %s "$work/events.jsonl")

# The peak is read by the kernel's account of the child, VmHWM in kilobytes.
/usr/bin/time -f '%e %U %S %M' -o "$work/used" "$program" --data "$work/data" --json import "$work/events.jsonl" >"$work/summary"
read -r wall user system peak <"$work/used"
# Rows of the last records stay in memory while a process runs; opening once
# more puts them into the index, so that the disk is counted whole.
"$program" --data "$work/data" --json search --limit 1 '*' >/dev/null
vault=$(du -sb "$work/data/vault" | cut -f1)
index=$(du -sb "$work/data/index" | cut -f1)

awk -v n="$events" -v raw="$raw" -v wall="$wall" -v user="$user" -v sys="$system" -v peak="$peak" -v vault="$vault" -v index_="$index" 'BEGIN {
	cpu = user + sys
	printf "events            %d, %.0f bytes each\n", n, raw / n
	printf "events/s          %.0f (%.1f s)\n", n / wall, wall
	printf "processor time    %.1f s, %.0f events per second of it\n", cpu, n / cpu
	printf "peak memory       %.0f MB\n", peak / 1024
	printf "disk, vault       %.1f MB, %.1f %% of raw\n", vault / 1e6, 100 * vault / raw
	printf "disk, index       %.1f MB, %.1f %% of raw\n", index_ / 1e6, 100 * index_ / raw
	printf "disk, all         %.1f MB, %.1f %% of raw\n", (vault + index_) / 1e6, 100 * (vault + index_) / raw
}'
