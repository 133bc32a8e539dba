/** What was seen of a VM's descriptors over time, kept so that a change can still be told of when punts begin later. */
import type { Batch, Descriptors, Vm } from '@tcewatch/protocol';
import type { AlertEvidence, SeenDescriptors } from '../model.js';
import { wallOf } from './clock.js';

export class Sightings {
  constructor(
    /** The newest descriptors; when they were seen last is set anew at each look. */
    private newest: SeenDescriptors | null = null,
    /** The newest that differ from them. */
    private earlier: SeenDescriptors | null = null,
  ) {}

  /** Adds what a batch shows of a VM. */
  look({ facts }: Vm, { clock }: Batch): void {
    if (!facts?.descriptors) return;
    const observedAtNs = wallOf(facts.observedNs, clock);
    if (this.newest && same(this.newest, facts.descriptors)) {
      this.newest.observedAtNs = observedAtNs;
    } else {
      this.earlier = this.newest;
      this.newest = { ...facts.descriptors, observedAtNs };
    }
  }

  /** As it is now, whatever is seen later. */
  copy(): Sightings {
    return new Sightings(this.newest && { ...this.newest }, this.earlier);
  }

  /** Whether the kernel serves no TCE table, as seen last. */
  get hasNoTable(): boolean {
    return this.newest?.tceTables === 0;
  }

  /** Whether it served none before that either, as far as was seen. */
  get hadNoTable(): boolean {
    return (this.earlier?.tceTables ?? 0) === 0;
  }

  /** The evidence for a cause: the newest of what was seen until the punts began that differs from what is seen now. */
  since(untilPunts: Sightings): Pick<AlertEvidence, 'before' | 'after'> {
    const { newest, earlier } = untilPunts;
    const isSame = newest && this.newest ? same(newest, this.newest) : newest === this.newest;
    return { before: isSame ? (earlier ?? newest) : newest, after: this.newest && { ...this.newest } };
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
