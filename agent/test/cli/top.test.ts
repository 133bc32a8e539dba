import { EventEmitter } from 'node:events';
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import { openScreen } from '../../src/terminal/screen.js';
import { run } from './surroundings.js';

const recording = await unpack('vfio-7.2');
/** A clock that never waits: the recording is shown as fast as it can be read. */
const pace = { now: () => 0, sleep: () => Promise.resolve() };

class Terminal extends EventEmitter {
  readonly isTTY = true;
  columns = 60;
  rows = 5;
  written = '';
  raw: boolean[] = [];
  write(text: string) {
    this.written += text;
    this.emit('shown');
  }
  setRawMode(raw: boolean) {
    this.raw.push(raw);
  }
  resume() {
    return this;
  }
  pause() {
    return this;
  }
}

describe('top', () => {
  it('prints plain lines where there is no terminal', async () => {
    const { status, stdout } = await run(['top', '--replay', recording, '--count', '3'], { pace });
    expect(status).toBe(0);
    expect(stdout.match(/^vfio-7\.2, Linux .* VMs, by userspace$/gm)).toHaveLength(3);
    expect(stdout).not.toContain('\u001b');
  });

  it('obeys keys, and leaves the terminal as it was', async () => {
    const terminal = new Terminal();
    const keys = ['n', 'x', 'q'];
    terminal.on('shown', () => {
      const key = keys.shift();
      if (key) queueMicrotask(() => terminal.emit('data', Buffer.from(key)));
    });
    const { status } = await run(['top', '--replay', recording], { pace, stdout: terminal, stdin: terminal });
    expect(status).toBe(0);
    expect(terminal.written).toContain(', by name\u001b[K');
    expect(terminal.written.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
    expect(terminal.written.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    expect(terminal.raw).toEqual([true, false]);
    expect(terminal.listenerCount('data')).toBe(0);
  });

  it('says what is in the way of a live host, as run does', async () => {
    const { status, stderr } = await run(['top', '--root', `${recording}/root-both-accelerated`]);
    expect([status, stderr]).toEqual([1, expect.stringContaining('mount -t tracefs nodev /sys/kernel/tracing')]);
  });

  it('refuses an order that there is not', async () => {
    const { status, stderr } = await run(['top', '--sort', 'size']);
    expect(status).toBe(1);
    expect(stderr).toContain('Allowed choices are userspace, calls, name');
  });
});

describe('the screen', () => {
  it('cuts what does not fit', () => {
    const terminal = new Terminal();
    openScreen(terminal, terminal, () => undefined).show(Array.from({ length: 9 }, (_, i) => `${i}`.repeat(99)));
    const lines = terminal.written.split('\r\n');
    expect(lines).toHaveLength(5);
    expect(lines[3]).toBe(`${'3'.repeat(60)}\u001b[K`);
  });
});
