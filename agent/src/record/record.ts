/**
 * Records a host: snapshots of its own pair of histograms at an interval, and a copy of what an agent reads of /proc and
 * debugfs whenever the VMs or their descriptors change. An agent that counts on the same host is not disturbed.
 */
import type { Clock } from '@tcewatch/protocol';
import { AgentError } from '../errors.js';
import type { VmSighting } from '../model.js';
import { readHost } from '../proc/host.js';
import { openRoot, text } from '../proc/root-reader.js';
import { uptimeNs } from '../proc/stat.js';
import { sightVms } from '../proc/vms.js';
import type { HistTexts } from '../sources/hist/counts.js';
import { HIST, readInstance } from '../sources/hist/instance.js';
import { readClock } from '../sources/live-host.js';
import type { Pace } from '../clock.js';
import { openTemporaryInstance } from '../sources/hist/temporary-instance.js';
import { Tracefs } from '../tracefs/tracefs.js';
import type { TracefsFiles } from '../tracefs/tracefs.js';
import { collectSnapshot } from './proc-snapshot.js';
import type { ProcSnapshot } from './proc-snapshot.js';
import { RecordingWriter } from './writer.js';

export interface RecordOptions {
  root: string;
  /** Directory of the recording; empty, or not there yet. */
  directory: string;
  intervalMs: number;
  /** Number of snapshots; Infinity is until `stop`. */
  snapshots: number;
  /** Entries of each histogram. */
  size: number;
  /** Id of this process. */
  pid: number;
  pace: Pace;
  /** Returns the time in nanoseconds since 1970. */
  now(): bigint;
  stop: AbortSignal;
  /** Files of tracefs; given where no kernel is behind them. */
  files?: TracefsFiles;
  /** Called after each snapshot that was due. */
  onProgress?: (recorded: Recorded) => void;
}

export interface Recorded {
  snapshots: number;
  trees: number;
  /** Reasons why snapshots that were due are not there; the others are good all the same. */
  failures: string[];
  /** Problems in cleaning up. */
  problems: string[];
}

/** Records a host. Throws AgentError when the recording cannot begin, or cannot be written any more. */
export async function record(options: RecordOptions): Promise<Recorded> {
  const { root, directory, pid, size, snapshots, intervalMs, pace, stop } = options;
  const tracefs = new Tracefs(options.files, HIST.withoutEvents);
  const writer = await RecordingWriter.create(directory);
  const instance = await openTemporaryInstance({ tracefs, root, command: 'record', pid, size });
  const recorder = new Recorder(options, writer, tracefs, instance.directory);
  try {
    await recorder.begin();
    const beganMs = pace.now();
    for (let due = 1; ; due++) {
      await recorder.snapshot();
      options.onProgress?.(recorder.recorded);
      if (due >= snapshots || stop.aborted) break;
      await pace.sleep(beganMs + due * intervalMs - pace.now(), stop);
    }
    await recorder.end();
  } catch (error) {
    await instance.remove();
    throw error;
  }
  return { ...recorder.recorded, problems: await instance.remove() };
}

class Recorder {
  #snapshots = 0;
  readonly #failures: string[] = [];
  /** Summary of the VMs in the last tree. */
  #shown: string | undefined;

  constructor(
    private readonly options: RecordOptions,
    private readonly writer: RecordingWriter,
    private readonly tracefs: Tracefs,
    private readonly instance: string,
  ) {}

  get recorded(): Recorded {
    return { snapshots: this.#snapshots, trees: this.writer.trees, failures: [...this.#failures], problems: [] };
  }

  async begin(): Promise<void> {
    await this.writer.begin(await this.#clock());
    await this.#inspect(false);
  }

  async snapshot(): Promise<void> {
    const clock = await this.#clock();
    const texts = await this.#read();
    if (texts) {
      await this.writer.snapshot(clock, texts);
      this.#snapshots++;
    }
    await this.#inspect(false);
  }

  async end(): Promise<void> {
    await this.#inspect(true);
    const clock = await this.#clock();
    const texts = await this.#read();
    if (texts) await this.writer.end(clock, texts);
  }

  /** Reads the histograms; undefined, and a failure, when the kernel does not give them now. */
  async #read(): Promise<HistTexts | undefined> {
    try {
      return await readInstance(this.tracefs, this.instance);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      this.#failures.push(error.message);
      return undefined;
    }
  }

  /** Writes a tree if it shows something new, or `atAnyRate`. */
  async #inspect(atAnyRate: boolean): Promise<void> {
    const { tree, vms } = await readSnapshot(this.options.root);
    const shown = JSON.stringify(vms?.map(summary));
    if (!atAnyRate && shown === this.#shown) return;
    this.#shown = shown;
    await this.writer.tree(await this.#clock(), tree);
  }

  #clock(): Promise<Clock> {
    return readClock(this.options);
  }
}

/** Returns what makes a new tree worth its while; other threads than vCPUs come and go all the time. */
function summary({ life, facts }: VmSighting): unknown {
  return [life, facts?.descriptors, facts?.vcpus, facts?.memlockBytes?.toString()];
}

/** Reads everything that an agent reads of the host, by letting it read. */
async function readSnapshot(root: string): Promise<{ tree: ProcSnapshot; vms: VmSighting[] | undefined }> {
  const { tree, onFound } = collectSnapshot();
  const reader = openRoot(root, onFound);
  const host = await readHost(reader);
  const uptime = uptimeNs((await text(reader, 'proc/uptime')) ?? '') ?? 0n;
  return { tree, vms: await sightVms(reader, host, uptime) };
}
