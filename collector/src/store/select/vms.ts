/** VMs: who they are, and the newest of what /proc showed of them. */
import type { Mmu, ModeEvidence } from '@tcewatch/protocol';
import type { ClickHouse } from '../client.js';
import type { Subject, VmFactsRow, VmRow } from '../types.js';
import { about } from './cumulative.js';

export interface EvidenceRow {
  mode: ModeEvidence['mode'];
  hypercall: string;
  evidence: ModeEvidence['evidence'];
  reason: string;
}

interface Row {
  hostId: string;
  life: string;
  vm: string;
  uuid: string;
  tgid: number;
  startedAtNs: string;
  evidence: EvidenceRow[];
  ended: boolean | null;
  observedAtNs: string | null;
  tceTables: number | null;
  vfioGroups: number[];
  memlock: string | null;
  qemu: string | null;
  libvirtDomain: string | null;
  podUid: string | null;
  mmu: Mmu | null;
  vcpus: number | null;
}

export async function selectVms(clickhouse: ClickHouse, subject: Subject): Promise<VmRow[]> {
  const { sql: where, parameters } = about(subject);
  const rows = await clickhouse.select<Row>(
    'cannot read VMs',
    `SELECT
       host AS hostId, life, name AS vm, uuid, tgid, toUnixTimestamp64Nano(started_at) AS startedAtNs, evidence,
       ended, toUnixTimestamp64Nano(observed_at) AS observedAtNs, tce_tables AS tceTables, vfio_groups AS vfioGroups,
       memlock, qemu, libvirt_domain AS libvirtDomain, pod_uid AS podUid, mmu, vcpus
     FROM (SELECT * FROM vms WHERE ${where} ORDER BY at DESC LIMIT 1 BY host, life) AS lives
     LEFT JOIN (SELECT host, life, max(ended) AS ended FROM vm_facts WHERE ${where} GROUP BY host, life) AS ends
       USING (host, life)
     LEFT JOIN (
       SELECT * EXCEPT (at, ended)
       FROM vm_facts
       WHERE observed_at IS NOT NULL AND ${where}
       ORDER BY at DESC
       LIMIT 1 BY host, life
     ) AS facts USING (host, life)
     ORDER BY hostId, vm, startedAtNs`,
    parameters,
  );
  return rows.map((row) => ({
    hostId: row.hostId,
    life: row.life,
    vm: row.vm,
    uuid: row.uuid,
    tgid: row.tgid,
    startedAtNs: BigInt(row.startedAtNs),
    ended: row.ended ?? false,
    evidence: row.evidence.map(toEvidence),
    facts: toFacts(row),
  }));
}

export function toEvidence({ hypercall, ...known }: EvidenceRow): ModeEvidence {
  return hypercall === 'all' ? known : { ...known, hypercall: hypercall as NonNullable<ModeEvidence['hypercall']> };
}

function toFacts(row: Row): VmFactsRow | null {
  if (row.observedAtNs === null) return null;
  return {
    observedAtNs: BigInt(row.observedAtNs),
    tceTables: row.tceTables,
    // An array cannot be null in ClickHouse; both come of the same look at the descriptors.
    vfioGroups: row.tceTables === null ? null : row.vfioGroups,
    memlockBytes: row.memlock === null ? null : BigInt(row.memlock),
    qemu: row.qemu,
    libvirtDomain: row.libvirtDomain,
    podUid: row.podUid,
    mmu: row.mmu,
    vcpus: row.vcpus,
  };
}
