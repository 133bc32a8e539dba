-- VMs: who each life of a QEMU process was, and what /proc showed of it whenever that changed.

CREATE TABLE IF NOT EXISTS vms
(
    host LowCardinality(String),
    life UUID,
    name String,
    uuid String,
    tgid UInt32,
    started_at DateTime64(9, 'UTC'),
    evidence Array(Tuple(
        mode Enum8('real' = 1, 'virtual' = 2, 'userspace' = 3),
        hypercall Enum16(
            'all' = 0, 'H_GET_TCE' = 28, 'H_PUT_TCE' = 32, 'H_STUFF_TCE' = 312, 'H_PUT_TCE_INDIRECT' = 316),
        evidence Enum8('exact' = 1, 'absent' = 2, 'derived' = 3, 'upper-bound' = 4, 'unobservable' = 5),
        reason String)),
    at DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (host, life);

CREATE TABLE IF NOT EXISTS vm_facts
(
    host LowCardinality(String),
    life UUID,
    at DateTime64(9, 'UTC'),
    ended Bool,
    observed_at Nullable(DateTime64(9, 'UTC')),
    tce_tables Nullable(UInt32),
    vfio_groups Array(UInt32),
    memlock Nullable(UInt64),
    qemu LowCardinality(Nullable(String)),
    libvirt_domain Nullable(String),
    pod_uid Nullable(String),
    mmu LowCardinality(Nullable(String)),
    vcpus Nullable(UInt32)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (host, life, at);
