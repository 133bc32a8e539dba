/** History of a VM's descriptors, kept so that a change can still be told of when punts begin later. */
import type { Batch, Clock, Descriptors, Vm } from '@tcewatch/protocol';
import type { AlertEvidence, SeenDescriptors } from '../event.js';
import { wallOf } from './clock.js';

export class DescriptorHistory {
  /**
   * When the newest were seen last, and the clock of the batch that said so; null after a restart. Most readings show the
   * same descriptors again, and of most nobody asks when.
   */
  #observedNs: bigint | null = null;
  #clock: Clock | null = null;

  constructor(
    private newest: SeenDescriptors | null = null,
    /** The newest that differ from them. */
    private earlier: SeenDescriptors | null = null,
  ) {}

  /** Adds what a batch shows of a VM. */
  observe({ facts }: Vm, { clock }: Batch): void {
    if (!facts?.descriptors) return;
    if (!this.newest || !same(this.newest, facts.descriptors)) {
      this.earlier = this.#dated();
      this.newest = { ...facts.descriptors, observedAtNs: wallOf(facts.observedNs, clock) };
    }
    this.#observedNs = facts.observedNs;
    this.#clock = clock;
  }

  /** Copies the history as it is now, whatever is seen later. */
  copy(): DescriptorHistory {
    return new DescriptorHistory(this.#dated(), this.earlier);
  }

  /** Whether the kernel serves no TCE table, as seen last. */
  get hasNoTable(): boolean {
    return this.newest?.tceTables === 0;
  }

  /** Whether it served none before that either, as far as was seen. */
  get hadNoTable(): boolean {
    return (this.earlier?.tceTables ?? 0) === 0;
  }

  /**
   * Gives the evidence for a cause: the newest of what was seen until the punts began that differs from what is seen
   * now.
   */
  since({ newest, earlier }: DescriptorHistory): Pick<AlertEvidence, 'before' | 'after'> {
    const isSame = newest && this.newest ? same(newest, this.newest) : newest === this.newest;
    return { before: isSame ? (earlier ?? newest) : newest, after: this.#dated() };
  }

  #dated(): SeenDescriptors | null {
    if (!this.newest || this.#observedNs === null || !this.#clock) return this.newest;
    return { ...this.newest, observedAtNs: wallOf(this.#observedNs, this.#clock) };
  }
}

function same(a: Descriptors, b: Descriptors): boolean {
  const { length } = a.vfioGroups;
  return (
    a.tceTables === b.tceTables &&
    length === b.vfioGroups.length &&
    a.vfioGroups.every((group, i) => group === b.vfioGroups[i])
  );
}
