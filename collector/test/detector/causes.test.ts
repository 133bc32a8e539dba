import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CAUSES, explain, isSharper } from '../../src/detector/index.js';
import { batchOf } from '../batches.js';

const seen = (tceTables: number, ...vfioGroups: number[]) => ({ tceTables, vfioGroups, observedAtNs: 0n });

const { host, vms } = batchOf({ uptime: 1, vms: [{ name: 'a' }] });
const calls = { entered: 9, punted: 9, seconds: 9, hypercalls: {}, liobns: [] };

describe('explain', () => {
  it.each([
    ['table-left-kernel-vfio', seen(2), seen(1, 2)],
    ['table-left-kernel-vfio', seen(1, 1), seen(0, 1, 2)],
    ['table-left-kernel', seen(2, 1), seen(1, 1)],
    ['table-left-kernel', seen(2), seen(0)],
    ['no-in-kernel-table', null, seen(0, 1)],
    ['no-in-kernel-table', seen(0), seen(0)],
    ['unknown', seen(1), seen(2, 2)],
    ['unknown', seen(2), seen(2)],
    ['unknown', seen(2), null],
    ['unknown', null, null],
  ])('is %s', (code, before, after) => {
    expect(explain({ host, vm: vms[0]!, calls, before, after, never: false }).cause.code).toBe(code);
  });

  it('takes every cause for sharper than those below it', () => {
    expect(isSharper('no-in-kernel-table', 'unknown')).toBe(true);
    expect(isSharper('unknown', 'no-in-kernel-table')).toBe(false);
    expect(isSharper('unknown', 'unknown')).toBe(false);
  });

  it('gives causes that the reference explains, in its order', () => {
    const page = readFileSync(new URL('../../../docs/reference/causes.md', import.meta.url), 'utf8');
    expect([...page.matchAll(/^## `(.*)`$/gm)].map(([, code]) => code)).toEqual(CAUSES.map(({ code }) => code));
  });
});
