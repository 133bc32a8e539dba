/**
 * A fleet of 10,000 hosts with 20 VMs each through the detector on one core: how much faster than real time, and what a
 * series costs in memory. One host's batches are made once and sent under each host's names, so that the time measured is
 * the detector's alone.
 */
import { createDetector } from '@tcewatch/collector';
import { deriveId } from '@tcewatch/protocol';
import type { Batch, Vm } from '@tcewatch/protocol';
import { busyHost } from './batches.js';

const HOSTS = 10_000;
const VMS = 20;
/** Readings of each host, 10 s apart; the first only fills the memory. */
const READINGS = 4;
const INTERVAL_SECONDS = 10;

export interface FleetMeasurement {
  hosts: number;
  vms: number;
  series: number;
  /** Time that the readings span, over the processor time that the detector took, collection of garbage included. */
  timesRealTime: number;
  bytesPerSeries: number;
  firing: number;
}

export function measureFleet(): FleetMeasurement {
  const templates = Array.from({ length: READINGS }, (_, n) => withVms(n + 1));
  const names = Array.from({ length: HOSTS }, (_, host) => namesOf(host));
  const detector = createDetector();
  const play = (n: number): void => {
    const template = templates[n];
    if (!template) throw new RangeError(`no reading ${n}`);
    for (const own of names) detector.observe(as(template, own));
  };
  globalThis.gc?.();
  const before = process.memoryUsage();
  play(0);
  globalThis.gc?.();
  const after = process.memoryUsage();
  let microseconds = 0;
  for (let n = 1; n < READINGS; n++) {
    const start = process.cpuUsage();
    play(n);
    const { user, system } = process.cpuUsage(start);
    microseconds += user + system;
  }
  const series = HOSTS * (templates[0]?.series.length ?? 0);
  const used = (usage: NodeJS.MemoryUsage): number => usage.heapUsed + usage.arrayBuffers;
  return {
    hosts: HOSTS,
    vms: HOSTS * VMS,
    series,
    timesRealTime: ((READINGS - 1) * INTERVAL_SECONDS * 1e6) / microseconds,
    bytesPerSeries: (used(after) - used(before)) / series,
    firing: detector.size().firing,
  };
}

interface Names {
  id: string;
  lives: string[];
}

function namesOf(host: number): Names {
  return { id: `host-${host}`, lives: Array.from({ length: VMS }, (_, vm) => deriveId('fleet', host, vm)) };
}

/** As many series as give 20 VMs: see busyHost. */
function withVms(n: number): Batch {
  const whole = busyHost('template', 1, n);
  return busyHost('template', whole.series.length * VMS, n);
}

function as(template: Batch, { id, lives }: Names): Batch {
  const vms = template.vms.map((vm, i): Vm => ({ ...vm, life: lives[i] ?? vm.life }));
  return { ...template, host: { ...template.host, id, name: id }, vms };
}
