/** The ledger's counters as they go into a batch. */
import { COUNTERS, HYPERCALLS, SCOPES, UNATTRIBUTED_LIFE, allocateSeries } from '@tcewatch/protocol';
import type { Series } from '@tcewatch/protocol';
import type { LedgerSnapshot, LedgerState, VmState } from './state.js';

/**
 * The VMs that are alive or have counts, and all their series. `unattributed` is among them once it has counts. Throws
 * RangeError before the first reading.
 */
export function snapshot(state: LedgerState): LedgerSnapshot {
  if (!state.epoch) throw new RangeError('there is no snapshot before the first reading');
  const vms = [...state.vms.values()].filter(
    ({ identity, series }) => identity.life !== UNATTRIBUTED_LIFE || series.size > 0,
  );
  return {
    epoch: state.epoch.id,
    epochBeganNs: state.epoch.beganNs,
    vms: vms.map(({ identity, alive }) => ({ ...identity, ended: !alive })),
    series: columns(vms),
    accounts: [...state.accounts],
    problems: [...state.problems],
    folded: state.folded,
    sizes: {
      threads: state.owners.size,
      cells: state.cells.size,
      withdrawn: vms.reduce((sum, { withdrawn }) => sum + withdrawn.size, 0),
    },
  };
}

function columns(vms: readonly VmState[]): Series {
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
