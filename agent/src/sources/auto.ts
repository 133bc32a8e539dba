/** The source `auto`: the best that the kernel allows. Decided each time it is opened. */
import { SourceError } from '../model.js';
import type { Reading, Source, Told } from '../model.js';

/** `otherwise` is opened where the kernel refuses the triggers of `best`; any other error is no reason. */
export class Auto implements Source {
  #chosen: Source;

  constructor(
    private readonly best: Source,
    private readonly otherwise: Source,
  ) {
    this.#chosen = best;
  }

  get name(): string {
    return this.#chosen.name;
  }

  async open(told?: Told): Promise<void> {
    this.#chosen = this.best;
    try {
      await this.best.open(told);
    } catch (error) {
      if (!(error instanceof SourceError && error.code === 'trigger-refused')) throw error;
      this.#chosen = this.otherwise;
      await this.otherwise.open(told);
    }
  }

  next(isLast?: boolean): Promise<Reading | undefined> {
    return this.#chosen.next(isLast);
  }

  close(): Promise<void> {
    return this.#chosen.close();
  }
}
