/**
 * An agent for a test to kill: the source `ring`, the loop and the kept state as they are built. Its argument is JSON:
 * what the source takes for KVM's events, the shape of its ring, and where the state is. Each batch is a line.
 */
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { pino } from 'pino';
import { DEFAULT_CAPS } from '../../dist/ledger/state.js';
import { ReadingLoop } from '../../dist/run/loop.js';
import { FileState } from '../../dist/run/state-file.js';
import { realPace } from '../../dist/clock.js';
import { createRing } from '../../dist/sources/ring/source.js';

const { kind, ring, state } = JSON.parse(process.argv[2] ?? '');
const source = createRing(
  {
    root: '/',
    host: {},
    agentVersion: '0.0.0-test',
    hist: { size: 4096 },
    ring: { ...ring, pace: realPace, monotonicNs: () => Number(process.hrtime.bigint()) },
    now: () => BigInt(Date.now()) * 1_000_000n,
  },
  kind,
);
const nothing = () => Promise.resolve();
const outbox = {
  name: 'lines',
  atRisk: [],
  open: nothing,
  send({ bytes }) {
    // To a pipe it is written at once, or else in part where the process is killed.
    process.stdout.write(`${Buffer.from(bytes).toString('base64')}\n`);
    return nothing();
  },
  room: nothing,
  drain: nothing,
  close: nothing,
};
const stop = new globalThis.AbortController();
process.once('SIGTERM', () => {
  stop.abort();
});
const loop = new ReadingLoop({
  source,
  outbox,
  state: new FileState(state),
  caps: DEFAULT_CAPS,
  intervalMs: 20,
  pacedBy: 'interval',
  run: randomUUID(),
  pace: realPace,
  // To the test's own output: a reading that failed is a failure of the test.
  log: pino({ level: 'warn' }, pino.destination(2)),
});
await loop.run(stop.signal);
if (loop.status.failures.size > 0) process.exitCode = 1;
