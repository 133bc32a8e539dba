/** A host or guest whose kernel the test plays: the least of /proc, and tracefs with the given event. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { realFiles } from '../../src/tracefs/tracefs.js';
import type { TracefsFiles } from '../../src/tracefs/tracefs.js';

export const BOOT = '5e2aa261-fbd5-4f85-8d63-40ffc3ffcad6';
const TRACING = 'sys/kernel/tracing';

export class KernelTree {
  private constructor(
    readonly root: string,
    private readonly event: string,
  ) {}

  /** `event` is its directory, for instance powerpc/hcall_entry. */
  static async make(event: string): Promise<KernelTree> {
    const tree = new KernelTree(await mkdtemp(join(tmpdir(), 'tcewatch-kernel-')), event);
    await tree.put('proc/sys/kernel/random/boot_id', `${BOOT}\n`);
    await tree.put('proc/sys/kernel/hostname', 'guest1\n');
    await tree.put('proc/uptime', '100.5 0.00\n');
    await mkdir(join(tree.root, TRACING, 'instances'), { recursive: true });
    await mkdir(join(tree.root, TRACING, 'events', event), { recursive: true });
    return tree;
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true });
  }

  async put(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  /** A file of the event in an instance. */
  file(instance: string, name: 'trigger' | 'hist'): string {
    return `${TRACING}/instances/${instance}/events/${this.event}/${name}`;
  }

  readonly files: TracefsFiles = {
    ...realFiles,
    make: async (path) => {
      const directory = join(path, 'events', this.event);
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'trigger'), '');
      await writeFile(join(path, 'tracing_on'), '1\n');
    },
    remove: (path) => rm(path, { recursive: true }),
  };
}
