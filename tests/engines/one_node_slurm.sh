#!/usr/bin/env bash
# A Slurm of one node on this machine, without systemd, cgroups or accounting: one_node_slurm.sh start|stop FOLDER
# Everything that it writes lies below FOLDER; SLURM_CONF=FOLDER/slurm.conf makes sbatch, squeue and scancel speak to it.
# Needs root and Debian's packages slurm-wlm and munge.
set -euo pipefail
what=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
host=$(hostname -s)

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

write_configuration() {
    cat >"$folder/slurm.conf" <<END
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=100000,batch_sched_delay=0,bf_interval=1
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
KillWait=10
MinJobAge=60
SlurmdTimeout=60
MaxArraySize=1001
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=${SLURM_TEST_CPUS:-4} RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE OverSubscribe=NO State=UP
END
}

start() {
    mkdir -p "$folder"/{munge,state,spool}
    chmod 755 "$folder" "$folder/munge"
    dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 2>/dev/null
    chmod 400 "$folder/munge/key"
    chown root "$folder/munge/key"
    munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/munge/pid" \
        --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" --num-threads=2
    write_configuration
    export SLURM_CONF=$folder/slurm.conf
    slurmctld -c -f "$SLURM_CONF"
    slurmd -c -f "$SLURM_CONF" -N "$host"
    for _ in $(seq 100); do
        if sinfo --noheader --format=%T 2>/dev/null | grep -q '^idle'; then return; fi
        sleep 0.1
    done
    echo "Slurm does not come up within ten seconds:" >&2
    sinfo >&2 || true
    tail -n 20 "$folder"/*.log "$folder/munge/log" >&2
    exit 1
}

stop() {
    for file in "$folder"/slurmd.pid "$folder"/slurmctld.pid "$folder"/munge/pid; do
        if [ ! -s "$file" ]; then continue; fi
        pid=$(cat "$file")
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 50); do
            if ! kill -0 "$pid" 2>/dev/null; then break; fi
            sleep 0.1
        done
    done
}

"$what"
