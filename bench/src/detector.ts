/**
 * A fleet of 10,000 hosts with 20 VMs each through the detector on one core: how much faster than real time, and what a
 * series costs in memory. One host's batches are made once and sent under each host's names, so that the time measured
 * is the detector's alone. In each reading every counter has grown, and the agent has looked at every VM anew.
 */
import { createDetector } from '@tcewatch/collector';
import { deriveId } from '@tcewatch/protocol';
import type { Batch, Vm } from '@tcewatch/protocol';
import { busyHost } from './batches.js';

const HOSTS = 10_000;
const VMS = 20;
/** Readings of each host, 10 s apart. The first only fills the memory. */
const FIRST = 1;
/** A tenth of the VMs falls back, all at once: by the last of these all of their alerts fire. */
const FALLING = 3;
/** Readings for which the fleet goes on so. */
const STEADY = 3;
const INTERVAL_SECONDS = 10;

export interface FleetMeasurement {
  hosts: number;
  vms: number;
  series: number;
  /** Time that the readings span, over the processor time that the detector took, collection of garbage included. */
  timesRealTime: { falling: number; steady: number };
  /** While no alert fires, and while all do. */
  bytesPerSeries: { calm: number; firing: number };
  firing: number;
}

export function measureFleet(): FleetMeasurement {
  const names = Array.from({ length: HOSTS }, (_, host) => namesOf(host));
  const empty = bytesUsed();
  const detector = createDetector();
  let readings = 0;
  /** Plays some more readings: microseconds of processor time. */
  const play = (count: number): number => {
    let microseconds = 0;
    for (let i = 0; i < count; i++) {
      const template = withVms(++readings);
      const start = process.cpuUsage();
      for (const own of names) detector.observe(as(template, own));
      const { user, system } = process.cpuUsage(start);
      microseconds += user + system;
    }
    return microseconds;
  };
  play(FIRST);
  const calm = bytesUsed() - empty;
  const falling = play(FALLING);
  const steady = play(STEADY);
  const firing = bytesUsed() - empty;
  const series = HOSTS * withVms(1).series.length;
  const times = (count: number, microseconds: number): number => (count * INTERVAL_SECONDS * 1e6) / microseconds;
  return {
    hosts: HOSTS,
    vms: HOSTS * VMS,
    series,
    timesRealTime: { falling: times(FALLING, falling), steady: times(STEADY, steady) },
    bytesPerSeries: { calm: calm / series, firing: firing / series },
    firing: detector.size().firing,
  };
}

function bytesUsed(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

interface Names {
  id: string;
  lives: string[];
}

function namesOf(host: number): Names {
  return { id: `host-${host}`, lives: Array.from({ length: VMS }, (_, vm) => deriveId('fleet', host, vm)) };
}

/** Makes a batch with as many series as give 20 VMs: see busyHost. */
function withVms(n: number): Batch {
  const whole = busyHost('template', 1, n);
  const batch = busyHost('template', whole.series.length * VMS, n);
  const observedNs = batch.clock.uptimeNs;
  return { ...batch, vms: batch.vms.map((vm): Vm => ({ ...vm, facts: { ...vm.facts, observedNs } })) };
}

function as(template: Batch, { id, lives }: Names): Batch {
  const vms = template.vms.map((vm, i): Vm => ({ ...vm, life: lives[i] ?? vm.life }));
  return { ...template, host: { ...template.host, id, name: id }, vms };
}
