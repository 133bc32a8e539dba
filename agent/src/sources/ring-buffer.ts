/** The buffer of one instance as a kernel gives it, or a recording of it: sub-buffers of each CPU without waiting, and what it counted. */
import { constants, readSync } from 'node:fs';
import { open, readFile, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceError } from '../model.js';
import { checkHeaderEvent, parseHeaderPage } from '../ring/header.js';
import type { PageLayout } from '../ring/header.js';
import type { PageSource } from '../ring/merge.js';
import { parseStats } from '../ring/stats.js';
import type { RingStats } from '../ring/stats.js';

export interface RingBuffer {
  layout: PageLayout;
  pages: CpuPages[];
  /** What the kernel counted, by CPU as in `pages`. */
  stats(): Promise<RingStats[]>;
  close(): Promise<void>;
}

/**
 * `directory` holds per_cpu; `events`, where it is not in there, header_page and header_event. Throws RingError for a kernel
 * that encodes events in another way, else what the file system says.
 */
export async function openBuffer(directory: string, events = join(directory, 'events')): Promise<RingBuffer> {
  checkHeaderEvent(await readFile(join(events, 'header_event'), 'utf8'));
  const layout = parseHeaderPage(await readFile(join(events, 'header_page'), 'utf8'));
  const perCpu = join(directory, 'per_cpu');
  const cpus = (await readdir(perCpu)).flatMap((name) => /^cpu(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  const pages: CpuPages[] = [];
  const close = async () => {
    for (const each of pages) await each.close();
  };
  try {
    for (const cpu of cpus.sort((a, b) => a - b)) {
      pages.push(await CpuPages.open(join(perCpu, `cpu${cpu}`, 'trace_pipe_raw'), cpu, layout.size));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const stats = () =>
    Promise.all(pages.map(async ({ cpu }) => parseStats(await readFile(join(perCpu, `cpu${cpu}/stats`), 'utf8'))));
  return { layout, pages, stats, close };
}

/**
 * Sub-buffers of one CPU. Reading is synchronous and never waits: the file is opened so that an empty buffer is an error,
 * and the kernel hands over or copies one sub-buffer at a time, which takes less than a turn through a thread would.
 */
export class CpuPages implements PageSource {
  /** Made when there is something to read: most CPUs of a large host run no vCPU of a guest that makes TCE hypercalls. */
  private page: Buffer | undefined;

  private constructor(
    readonly cpu: number,
    private readonly path: string,
    private readonly file: FileHandle,
    private readonly size: number,
  ) {}

  static async open(path: string, cpu: number, size: number): Promise<CpuPages> {
    return new CpuPages(cpu, path, await open(path, constants.O_RDONLY | constants.O_NONBLOCK), size);
  }

  /** Throws SourceError `ring-unreadable`. */
  read(): Buffer | undefined {
    const page = this.page ?? Buffer.allocUnsafe(this.size);
    try {
      const length = readSync(this.file.fd, page, 0, this.size, null);
      if (length === 0) return undefined;
      this.page = page;
      return page.subarray(0, length);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') return undefined;
      throw new SourceError('ring-unreadable', `cannot read ${this.path}: ${message}`, { cause: error });
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
