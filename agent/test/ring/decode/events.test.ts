import { beforeAll, describe, expect, it } from 'vitest';
import { EventReader } from '../../../src/ring/decode/events.js';
import { parseFormat } from '../../../src/ring/decode/format.js';
import { PageCursor } from '../../../src/ring/decode/page.js';
import { LAYOUT_4K, encodePage } from './encode.js';
import { WHOLE_RECORDING, fixture, recordedRing } from './recorded.js';

/** Reads one event of the given type and fields, and says what was handed on. */
let read: (typeId: number, length: number, ...fields: [offset: number, value: bigint][]) => unknown[];
let reader: EventReader;

const [ENTER, EXIT, RUN_ENTER] = [1447, 1446, 1442];
const [REQ, GPR4, GPR7, RET, RC] = [16, 24, 48, 16, 24];

beforeAll(async () => {
  const events = 'root-healthy/sys/kernel/tracing/events';
  ({ reader } = await recordedRing('fallback-6.1', { events, ...WHOLE_RECORDING }));
  read = (typeId, length, ...fields) => {
    const data = new Uint8Array(length);
    const view = new DataView(data.buffer);
    view.setUint16(0, typeId, true);
    view.setInt32(4, 1904, true);
    for (const [offset, value] of fields) view.setBigUint64(offset, value, true);
    const cursor = new PageCursor(LAYOUT_4K);
    cursor.open(encodePage(5000n, [{ kind: 'data', delta: 5, data }]));
    cursor.next();
    const handed: unknown[] = [];
    reader.read(cursor, 1, {
      entered: (...all) => handed.push('entered', ...all),
      enteredOther: (...all) => handed.push('enteredOther', ...all),
      exited: (...all) => handed.push('exited', ...all),
      runEntered: (...all) => handed.push('runEntered', ...all),
    });
    return handed;
  };
});

describe('EventReader', () => {
  it('reads enters of TCE hypercalls, with LIOBNs and counts of any size', () => {
    expect(read(ENTER, 56, [REQ, 0x13cn], [GPR4, 0x71000002n], [GPR7, 16n])).toEqual([
      ...['entered', 1, 5005, 1904, 'H_PUT_TCE_INDIRECT', 0x71000002, 16],
    ]);
    expect(read(ENTER, 56, [REQ, 0x20n], [GPR4, 0x8000000000000001n], [GPR7, 1n << 32n])).toEqual([
      ...['entered', 1, 5005, 1904, 'H_PUT_TCE', 0x8000000000000001n, Infinity],
    ]);
  });

  it.each([0x24n, 0xf804n, 0x1_00000020n, 0xffffffff_ffffffffn])('passes over hypercall %s', (req) => {
    expect(read(ENTER, 56, [REQ, req])).toEqual(['enteredOther', 1904]);
  });

  it.each([
    ['RESUME_GUEST', 0n, 0n, 'virtual', undefined],
    ['RESUME_GUEST_NV', 1n, 0n, 'virtual', undefined],
    ['RESUME_HOST of H_STUFF_TCE', 2n, 0x138n, 'userspace', 'H_STUFF_TCE'],
    ['RESUME_HOST_NV of H_GET_TCE', 3n, 0x1cn, 'userspace', 'H_GET_TCE'],
    ['RESUME_HOST of H_ENTER_NESTED, which clears the number', 2n, 0n, 'userspace', undefined],
    ['RESUME_HOST of no known hypercall', 2n, 0x1_00000138n, 'userspace', undefined],
    ['RESUME_PAGE_FAULT', 4n, 0x20n, 'neither', undefined],
    ['-EINTR', 0xffffffff_fffffffcn, 0x20n, 'neither', undefined],
    // Its lower half has the bit of RESUME_FLAG_HOST.
    ['-EFAULT', 0xffffffff_fffffff2n, 0x20n, 'neither', undefined],
    ['a handled call whose return code looks like a hypercall', 0n, 0x20n, 'virtual', undefined],
  ])('reads an exit with %s', (_what, ret, rc, outcome, punted) => {
    expect(read(EXIT, 32, [RET, ret], [RC, rc])).toEqual(['exited', 1, 5005, 1904, outcome, punted]);
  });

  it('reads the return into KVM_RUN', () => {
    expect(read(RUN_ENTER, 16)).toEqual(['runEntered', 5005, 1904]);
  });

  it('counts what it does not know', () => {
    const before = reader.unknownEvents;
    expect(read(77, 56)).toEqual([]);
    expect(reader.unknownEvents).toBe(before + 1);
  });

  it('refuses an event that is shorter than its format, and names the byte', () => {
    for (const [typeId, length] of [
      [ENTER, 52],
      [EXIT, 28],
      [RUN_ENTER, 12],
    ] as const) {
      expect(() => read(typeId, length)).toThrow(
        expect.objectContaining({ name: 'RingError', unit: 'byte', position: 20 }),
      );
    }
  });

  it('reads fields of 4 bytes', async () => {
    const narrow = async (name: string) => (await fixture(name)).replaceAll('size:8;\tsigned:0', 'size:4;\tsigned:0');
    reader = new EventReader({
      kvm_hcall_enter: parseFormat(await narrow('kvm_hcall_enter.format')),
      kvm_hcall_exit: parseFormat(await narrow('kvm_hcall_exit.format')),
    });
    // The words after those that count are not theirs.
    expect(read(2326, 60, [20, 0xffffffff_00000020n], [28, 0xffffffff_80000000n], [52, 0xffffffff_00000001n])).toEqual([
      ...['entered', 1, 5005, 1904, 'H_PUT_TCE', 0x80000000, 1],
    ]);
  });
});
