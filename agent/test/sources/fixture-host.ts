/**
 * A host for the source `hist`: a recorded /proc and debugfs, and a tracefs whose kernel side is a recording too. Nothing
 * in it counts: the test plays the kernel, with what a kernel printed.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { copyTree } from '../copy-tree.js';
import { realFiles } from '../../src/tracefs/tracefs.js';
import type { TracefsFiles } from '../../src/tracefs/tracefs.js';

const EVENTS = ['kvm_hcall_enter', 'kvm_hcall_exit'] as const;
const recording = await unpack('vfio-7.2');

export class FixtureHost {
  private constructor(readonly root: string) {}

  static async make(): Promise<FixtureHost> {
    const host = new FixtureHost(await mkdtemp(join(tmpdir(), 'tcewatch-')));
    await copyTree(join(recording, 'root-hot-plugged'), host.root);
    await mkdir(host.instance(), { recursive: true });
    return host;
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true });
  }

  /** The path of an instance, or of the directory that holds them. */
  instance(name = ''): string {
    return join(this.root, 'sys/kernel/tracing/instances', name);
  }

  trigger(instance: string, event: (typeof EVENTS)[number]): string {
    return join(this.instance(instance), 'events/kvm_hv', event, 'trigger');
  }

  /** Files with the kernel's reactions when a directory is made among the instances, or removed. */
  readonly files: TracefsFiles = {
    ...realFiles,
    make: async (path) => {
      for (const event of EVENTS) {
        const directory = join(path, 'events/kvm_hv', event);
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, 'trigger'), '');
        await writeFile(join(directory, 'hist'), '');
      }
      await writeFile(join(path, 'tracing_on'), '1\n');
    },
    remove: (path) => rm(path, { recursive: true }),
  };

  /** The kernel prints what it counted until a snapshot of the recording, and the triggers as it echoes them. */
  async print(instance: string, snapshot: string): Promise<void> {
    for (const event of EVENTS) {
      const text = await readFile(join(recording, 'hist', snapshot, `${event}.hist`), 'utf8');
      const echo = /^# trigger info: (.*)$/m.exec(text)?.[1] ?? '';
      await writeFile(this.trigger(instance, event), `${echo}\n`);
      await writeFile(join(this.trigger(instance, event), '../hist'), text);
    }
  }
}
