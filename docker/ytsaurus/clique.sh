#!/usr/bin/env bash
# Gives the cluster ClickHouse: the binaries of this image into Cypress, and a running clique that Query Tracker uses.
# Safe to run again.
set -euo pipefail

clique="${CLIQUE:?}"

/setup_cluster_for_chyt.sh --make-default

yt create scheduler_pool --attributes '{name=chyt; pool_tree=default}' --ignore-existing
cliques="$(yt clickhouse ctl list)"
if ! grep -qw "$clique" <<<"$cliques"; then
    yt clickhouse ctl create "$clique"
fi
set_option() { yt clickhouse ctl set-option --alias "$clique" "$1" "$2"; }
set_option pool chyt
set_option enable_geodata '%false'
set_option instance_count 1
set_option instance_cpu 2
set_option instance_total_memory 6000000000
yt set "//sys/access_control_object_namespaces/chyt/$clique/principal/@acl" \
    '[{action=allow; subjects=[everyone]; permissions=[use]}]'
yt clickhouse ctl start "$clique"

# Query Tracker asks this cluster and this clique when a query names none.
yt set //sys/query_tracker/config \
    "{query_tracker={chyt_engine={default_cluster=${CLUSTER:?}; default_clique=$clique}}}"

echo "waiting for clique $clique"
for _ in $(seq 60); do
    if yt clickhouse execute --alias "$clique" 'SELECT 1' >/dev/null 2>&1; then
        echo "clique $clique answers"
        exit 0
    fi
    sleep 5
done
yt clickhouse ctl status "$clique"
echo "clique $clique does not answer after five minutes; its state is above" >&2
exit 1
