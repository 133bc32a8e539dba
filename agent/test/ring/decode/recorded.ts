/** Recorded ring buffers, fed through merge, reader and pairing as a source does. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { EventReader } from '../../../src/ring/decode/events.js';
import { parseFormat } from '../../../src/ring/decode/format.js';
import { checkHeaderEvent, parseHeaderPage } from '../../../src/ring/decode/header.js';
import type { PageLayout } from '../../../src/ring/decode/header.js';
import { RingMerge } from '../../../src/ring/decode/merge.js';
import type { CpuTally, PageSource } from '../../../src/ring/decode/merge.js';
import { Pairing } from '../../../src/ring/decode/pair.js';
import { parseStats } from '../../../src/ring/decode/stats.js';
import type { RingStats } from '../../../src/ring/decode/stats.js';

/** One recorded buffer: how to read it, what each CPU's file holds, and what the kernel counted. */
export interface RecordedRing {
  layout: PageLayout;
  reader: EventReader;
  raw: Uint8Array[];
  stats: RingStats[];
}

/** `events`, `raw` and `stats` are paths in the recording, the latter two with N for the CPU. */
export async function recordedRing(
  recording: string,
  paths: { events: string; raw: string; stats: string },
): Promise<RecordedRing> {
  const directory = await unpack(recording);
  const event = async (path: string) => readFile(join(directory, paths.events, path), 'utf8');
  checkHeaderEvent(await event('header_event'));
  const ofCpu = (path: string, cpu: number) => join(directory, path.replace('N', String(cpu)));
  return {
    layout: parseHeaderPage(await event('header_page')),
    reader: new EventReader({
      kvm_hcall_enter: parseFormat(await event('kvm_hv/kvm_hcall_enter/format')),
      kvm_hcall_exit: parseFormat(await event('kvm_hv/kvm_hcall_exit/format')),
      kvmppc_run_vcpu_enter: parseFormat(await event('kvm_hv/kvmppc_run_vcpu_enter/format')),
    }),
    raw: await Promise.all([0, 1].map((cpu) => readFile(ofCpu(paths.raw, cpu)))),
    stats: await Promise.all([0, 1].map(async (cpu) => parseStats(await readFile(ofCpu(paths.stats, cpu), 'utf8')))),
  };
}

/** Paths of the two recordings that have everything. */
export const WHOLE_RECORDING = {
  raw: 'ring/per_cpu/cpuN/trace_pipe_raw',
  stats: 'ring/per_cpu/cpuN/stats',
};

/** A file of the recorded buffer with pages of 4 KiB; its README says what is in it. */
export async function fixture(name: string): Promise<string> {
  return readFile(fixturePath(name), 'utf8');
}

/** Opens the recorded buffer as a whole. */
export async function fixtureRing(): Promise<RecordedRing> {
  return {
    layout: parseHeaderPage(await fixture('header_page')),
    reader: new EventReader({
      kvm_hcall_enter: parseFormat(await fixture('kvm_hcall_enter.format')),
      kvm_hcall_exit: parseFormat(await fixture('kvm_hcall_exit.format')),
    }),
    raw: [await readFile(fixturePath('trace_pipe_raw.bin'))],
    stats: [parseStats(await fixture('stats'))],
  };
}

function fixturePath(name: string): URL {
  return new URL(`fixtures/uprobe-6.18-4k/${name}`, import.meta.url);
}

/** The sub-buffers of one CPU's file. */
export function pagesOf(cpu: number, raw: Uint8Array, size: number): PageSource {
  let at = 0;
  return {
    cpu,
    read() {
      if (at >= raw.length) return undefined;
      at += size;
      return raw.subarray(at - size, at);
    },
  };
}

/** Merges and pairs all of a recorded buffer; a page that cannot be read fails the test. */
export function pairAll(
  ring: RecordedRing,
  pairing = new Pairing(),
): { pairing: Pairing; tallies: readonly CpuTally[] } {
  const merge = new RingMerge(
    ring.layout,
    ring.raw.map((raw, cpu) => pagesOf(cpu, raw, ring.layout.size)),
    {
      event: (cursor, cpu) => {
        ring.reader.read(cursor, cpu, pairing);
      },
      gap: (_cpu, untilNs) => {
        pairing.gap(untilNs);
      },
      damaged: (_cpu, error) => {
        throw error;
      },
    },
  );
  merge.drain(Infinity);
  return { pairing, tallies: merge.tallies };
}

/** Cells as `tid hypercall liobn: entered/punted`, sorted. */
export function table(pairing: Pairing): string[] {
  return [...pairing.cells()]
    .map((cell) => {
      const liobn = cell.scope === 'one' ? `0x${cell.liobn.toString(16)}` : cell.scope;
      return `${cell.tid} ${liobn} ${cell.hypercall}: ${cell.entered - cell.punted} virtual, ${cell.punted} userspace`;
    })
    .sort();
}
