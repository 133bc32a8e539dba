/** The ledger's counters as they go into a batch. */
import {
  COUNTERS,
  HYPERCALLS,
  SCOPES,
  SPANS,
  UNATTRIBUTED_LIFE,
  allocateLatencies,
  allocateSeries,
} from '@tcewatch/protocol';
import type { Latencies, Series } from '@tcewatch/protocol';
import type { LedgerSnapshot, LedgerState, VmState } from './state.js';
import { hasCounts } from './vms.js';

/**
 * Returns the VMs that are alive or have counts, and all that was counted of them. `unattributed` is among them once it
 * has counts. Throws RangeError before the first reading.
 */
export function snapshot(state: LedgerState): LedgerSnapshot {
  if (!state.epoch) throw new RangeError('there is no snapshot before the first reading');
  const vms = [...state.vms.values()].filter((vm) => vm.identity.life !== UNATTRIBUTED_LIFE || hasCounts(vm));
  return {
    epoch: state.epoch.id,
    epochBeganNs: state.epoch.beganNs,
    vms: vms.map(({ identity, alive }) => ({ ...identity, ended: !alive })),
    series: seriesOf(vms),
    latencies: latenciesOf(vms),
    accounts: [...state.accounts],
    problems: [...state.problems],
    folded: state.folded,
    sizes: {
      threads: state.owners.size,
      cells: state.cells.size,
    },
  };
}

function seriesOf(vms: readonly VmState[]): Series {
  const series = allocateSeries(vms.reduce((rows, vm) => rows + vm.series.size, 0));
  let row = 0;
  vms.forEach((vm, index) => {
    for (const { counter, hypercall, scope, liobn, value } of vm.series.values()) {
      series.vm[row] = index;
      series.counter[row] = COUNTERS.indexOf(counter);
      series.hypercall[row] = HYPERCALLS[hypercall];
      series.scope[row] = SCOPES.indexOf(scope);
      series.liobn[row] = liobn;
      series.value[row] = value;
      row++;
    }
  });
  return series;
}

function latenciesOf(vms: readonly VmState[]): Latencies {
  const latencies = allocateLatencies(vms.reduce((rows, vm) => rows + vm.latencies.size, 0));
  let row = 0;
  vms.forEach((vm, index) => {
    for (const { span, hypercall, bucket, calls, totalUs } of vm.latencies.values()) {
      latencies.vm[row] = index;
      latencies.span[row] = SPANS.indexOf(span);
      latencies.hypercall[row] = HYPERCALLS[hypercall];
      latencies.bucket[row] = bucket;
      latencies.calls[row] = calls;
      latencies.totalUs[row] = totalUs;
      row++;
    }
  });
  return latencies;
}
