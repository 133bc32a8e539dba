import { deriveId, latencyRow } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import type { LedgerSnapshot } from '../../src/ledger/state.js';
import type { LatencyCell, Reading } from '../../src/model.js';
import { EPOCH, after, entered, reading, vm } from './readings.js';

describe('latencies', () => {
  const took = (tid: number, calls: number, totalUs: number, more: Partial<LatencyCell> = {}): LatencyCell => {
    return { span: 'round_trip', tid, hypercall: 'H_STUFF_TCE', bucket: 9, calls, totalUs, ...more };
  };
  const measured = (latencies: LatencyCell[] | undefined, more: Partial<Reading> = {}) =>
    reading([], [vm('a', 7, 8)], { ...(latencies && { latencies }), ...more });
  const buckets = ({ vms, latencies }: LedgerSnapshot) =>
    Array.from({ length: latencies.length }, (_, i) => {
      const { vm, span, hypercall, bucket, calls, totalUs } = latencyRow(latencies, i);
      return `${vms[vm]?.name} ${span} ${hypercall} ${bucket}: ${calls} in ${totalUs}`;
    });

  it('are those of all threads of a VM, by span, hypercall and bucket', () => {
    const told = after([
      measured([took(7, 1, 300)]),
      measured([took(7, 3, 900), took(8, 1, 400), took(8, 1, 70, { span: 'handled', bucket: 7 }), took(9, 1, 500)]),
    ]);
    expect(buckets(told).sort()).toEqual([
      'a handled H_STUFF_TCE 7: 1 in 70',
      'a round_trip H_STUFF_TCE 9: 4 in 1300',
      'unattributed round_trip H_STUFF_TCE 9: 1 in 500',
    ]);
  });

  it('stand while a reading has none, and are not counted again by the next that has', () => {
    const told = after([measured([took(7, 1, 300)]), measured(undefined), measured([took(7, 2, 600)])]);
    expect(buckets(told)).toEqual(['a round_trip H_STUFF_TCE 9: 2 in 600']);
    expect(told.epoch).toBe(EPOCH);
  });

  it('that start from zero go on growing, and end no epoch', () => {
    const told = after([measured([took(7, 5, 1500)]), measured([took(7, 2, 600)]), measured([took(7, 3, 900)])]);
    expect(buckets(told)).toEqual(['a round_trip H_STUFF_TCE 9: 8 in 2400']);
    expect(told).toMatchObject({ epoch: EPOCH, problems: [] });
  });

  it('whose times cannot be told stay unmeasured', () => {
    const back = 2 ** 64;
    const history = [took(7, 1, 300), took(7, 2, back), took(7, 3, back), took(7, 4, 200), took(7, 5, 500)];
    const told = after(history.map((cell) => measured([cell])));
    expect(buckets(told)).toEqual(['a round_trip H_STUFF_TCE 9: 2 in 600']);
    const wrapped = after([took(7, 1, 300), took(7, 2, 295)].map((cell) => measured([cell])));
    expect(buckets(wrapped)).toEqual(['a round_trip H_STUFF_TCE 9: 1 in 300']);
    const most = [took(7, 1, Number.MAX_SAFE_INTEGER), took(8, 1, 1)];
    expect(buckets(after([measured(most)]))).toEqual([`a round_trip H_STUFF_TCE 9: 1 in ${Number.MAX_SAFE_INTEGER}`]);
  });

  it('begin at zero with an epoch, or with what was handed over', () => {
    const next = deriveId('next');
    const later = measured([took(7, 6, 1800)], { epoch: next });
    expect(buckets(after([measured([took(7, 5, 1500)]), later]))).toEqual(['a round_trip H_STUFF_TCE 9: 6 in 1800']);
    const handover = { epoch: next, cells: [], latencies: [took(7, 2, 600)], seen: [] };
    const told = after([measured([took(7, 5, 1500)], { handover }), later]);
    expect(buckets(told)).toEqual(['a round_trip H_STUFF_TCE 9: 4 in 1200']);
  });

  it('are not told twice when the counters were replaced and they were not', () => {
    const [before, now] = [entered(7, 10), entered(7, 4)];
    const told = after([
      reading([before], [vm('a', 7)], { latencies: [took(7, 5, 1500)] }),
      reading([now], [vm('a', 7)], { latencies: [took(7, 6, 1800)] }),
    ]);
    expect(told.epoch).not.toBe(EPOCH);
    expect(buckets(told)).toEqual(['a round_trip H_STUFF_TCE 9: 1 in 300']);
  });

  it('keep the owner of a thread that has nothing else', () => {
    const gone = (calls: number) => reading([], [], { latencies: [took(7, calls, calls * 300)] });
    const told = after([measured([took(7, 1, 300)]), gone(1), gone(2)]);
    expect(buckets(told)).toEqual(['a round_trip H_STUFF_TCE 9: 2 in 600']);
    expect(told.vms).toMatchObject([{ name: 'a', ended: true }]);
  });
});
