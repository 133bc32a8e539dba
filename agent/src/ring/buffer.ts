/** The buffer of one instance as a kernel gives it, or a recording of it: sub-buffers of each CPU without waiting, and what it counted. */
import { constants, readSync } from 'node:fs';
import { open, readFile, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../errors.js';
import { checkHeaderEvent, parseHeaderPage } from './decode/header.js';
import type { PageLayout } from './decode/header.js';
import type { PageSource } from './decode/merge.js';
import { parseStats } from './decode/stats.js';
import type { RingStats } from './decode/stats.js';

export interface RingBuffer {
  layout: PageLayout;
  cpus: CpuBuffer[];
  close(): Promise<void>;
}

/**
 * Opens a buffer. `directory` holds per_cpu; `events`, where it is not in there, header_page and header_event. Throws
 * RingError for a kernel that encodes events in another way, else the file system's error.
 */
export async function openBuffer(directory: string, events = join(directory, 'events')): Promise<RingBuffer> {
  checkHeaderEvent(await readFile(join(events, 'header_event'), 'utf8'));
  const layout = parseHeaderPage(await readFile(join(events, 'header_page'), 'utf8'));
  const perCpu = join(directory, 'per_cpu');
  const numbers = (await readdir(perCpu)).flatMap((name) => /^cpu(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  const cpus: CpuBuffer[] = [];
  const close = async () => {
    for (const each of cpus) await each.close();
  };
  try {
    for (const cpu of numbers.sort((a, b) => a - b)) {
      cpus.push(await CpuBuffer.open(join(perCpu, `cpu${cpu}`), cpu, layout.size));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { layout, cpus, close };
}

/** Room for a CPU's statistics: the kernel's eleven lines of numbers take some 250 bytes. */
const STATS_BYTES = 1024;

/**
 * Sub-buffers of one CPU. Reading is synchronous and never waits: the file is opened so that an empty buffer is an error,
 * and the kernel hands over or copies one sub-buffer at a time, which takes less than a turn through a thread would.
 */
export class CpuBuffer implements PageSource {
  /**
   * Memory for one sub-buffer, made when there is something to read: most CPUs of a large host run no vCPU of a guest
   * that makes TCE hypercalls.
   */
  private page: Buffer | undefined;

  private constructor(
    readonly cpu: number,
    private readonly directory: string,
    private readonly raw: FileHandle,
    private readonly counted: FileHandle,
    private readonly size: number,
  ) {}

  static async open(directory: string, cpu: number, size: number): Promise<CpuBuffer> {
    const raw = await open(join(directory, 'trace_pipe_raw'), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return new CpuBuffer(cpu, directory, raw, await open(join(directory, 'stats')), size);
    } catch (error) {
      await raw.close();
      throw error;
    }
  }

  /** Reads the next sub-buffer. Throws AgentError `ring-unreadable`. */
  read(): Buffer | undefined {
    const page = this.page ?? Buffer.allocUnsafe(this.size);
    const length = this.attempt('trace_pipe_raw', () => readSync(this.raw.fd, page, 0, this.size, null));
    if (length === 0) return undefined;
    this.page = page;
    return page.subarray(0, length);
  }

  /** Reads what the kernel counted until now. Throws AgentError `ring-unreadable`, or RingError. */
  stats(): RingStats {
    const text = Buffer.allocUnsafe(STATS_BYTES);
    const length = this.attempt('stats', () => readSync(this.counted.fd, text, 0, STATS_BYTES, 0));
    return parseStats(text.toString('latin1', 0, length));
  }

  async close(): Promise<void> {
    await this.raw.close();
    await this.counted.close();
  }

  /** Tries to read; returns 0 where there is nothing. */
  private attempt(file: string, read: () => number): number {
    try {
      return read();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') return 0;
      const path = join(this.directory, file);
      throw new AgentError('ring-unreadable', `cannot read ${path}: ${message}`, { cause: error });
    }
  }
}
