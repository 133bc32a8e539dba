/**
 * Records a host: snapshots of its own pair of histograms at an interval, and a copy of what an agent reads of /proc and
 * debugfs whenever the VMs or their descriptors change. An agent that counts on the same host is not disturbed.
 */
import type { Clock } from '@tcewatch/protocol';
import { AgentError } from '../errors.js';
import type { VmSighting } from '../model.js';
import { readHost } from '../proc/host.js';
import { lookAt, text } from '../proc/root-reader.js';
import { uptimeNs } from '../proc/stat.js';
import { sightVms } from '../proc/vms.js';
import type { HistTexts } from '../sources/hist/counts.js';
import { HIST, readInstance } from '../sources/hist/instance.js';
import { readClock } from '../sources/live-host.js';
import type { Pace } from '../clock.js';
import { openPassing } from '../sources/hist/temporary-instance.js';
import { Tracefs } from '../tracefs/tracefs.js';
import type { TracefsFiles } from '../tracefs/tracefs.js';
import { collectTree } from './proc-snapshot.js';
import type { Tree } from './proc-snapshot.js';
import { RecordingWriter } from './writer.js';

export interface RecordOptions {
  root: string;
  /** Where the recording goes; empty, or not there yet. */
  directory: string;
  intervalMs: number;
  /** How many snapshots; Infinity is until `stop`. */
  snapshots: number;
  /** Entries of each histogram. */
  size: number;
  /** Of this process. */
  pid: number;
  pace: Pace;
  /** Nanoseconds since 1970. */
  now(): bigint;
  stop: AbortSignal;
  /** Given where no kernel is behind them. */
  files?: TracefsFiles;
  /** Told after each snapshot that was due. */
  onProgress?: (recorded: Recorded) => void;
}

export interface Recorded {
  snapshots: number;
  trees: number;
  /** Why snapshots that were due are not there; the others are good all the same. */
  failures: string[];
  /** What could not be cleaned up. */
  problems: string[];
}

/** Throws AgentError when the recording cannot begin, or cannot be written any more. */
export async function record(options: RecordOptions): Promise<Recorded> {
  const { root, directory, pid, size, snapshots, intervalMs, pace, stop } = options;
  const tracefs = new Tracefs(options.files, HIST.withoutEvents);
  const writer = await RecordingWriter.create(directory);
  const instance = await openPassing({ tracefs, root, command: 'record', pid, size });
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
  /** What the last tree shows of the VMs. */
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
    await this.#look(false);
  }

  async snapshot(): Promise<void> {
    const clock = await this.#clock();
    const texts = await this.#read();
    if (texts) {
      await this.writer.snapshot(clock, texts);
      this.#snapshots++;
    }
    await this.#look(false);
  }

  async end(): Promise<void> {
    await this.#look(true);
    const clock = await this.#clock();
    const texts = await this.#read();
    if (texts) await this.writer.end(clock, texts);
  }

  /** Undefined, and a failure, when the kernel does not give them now. */
  async #read(): Promise<HistTexts | undefined> {
    try {
      return await readInstance(this.tracefs, this.instance);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      this.#failures.push(error.message);
      return undefined;
    }
  }

  /** Writes a tree if it shows something new, or at any rate. */
  async #look(atAnyRate: boolean): Promise<void> {
    const { tree, vms } = await look(this.options.root);
    const shown = JSON.stringify(vms?.map(summary));
    if (!atAnyRate && shown === this.#shown) return;
    this.#shown = shown;
    await this.writer.tree(await this.#clock(), tree);
  }

  #clock(): Promise<Clock> {
    return readClock(this.options);
  }
}

/** What makes a new tree worth its while; other threads than vCPUs come and go all the time. */
function summary({ life, facts }: VmSighting): unknown {
  return [life, facts?.descriptors, facts?.vcpus, facts?.memlockBytes?.toString()];
}

/** Everything that an agent reads of the host, by letting it read. */
async function look(root: string): Promise<{ tree: Tree; vms: VmSighting[] | undefined }> {
  const { tree, onFound } = collectTree();
  const look = lookAt(root, onFound);
  const host = await readHost(look);
  const uptime = uptimeNs((await text(look, 'proc/uptime')) ?? '') ?? 0n;
  return { tree, vms: await sightVms(look, host, uptime) };
}
