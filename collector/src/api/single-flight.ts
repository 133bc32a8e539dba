/** One answer for all who ask at about the same time. */

export interface SingleFlightOptions {
  /** Age that an answer may have, in milliseconds since it was asked for. */
  maxAgeMs: number;
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number;
}

export class SingleFlight<T> {
  #answer: Promise<T> | undefined;
  #asking = false;
  #askedAt = 0;
  readonly #maxAgeMs: number;
  readonly #now: () => number;

  constructor(
    private readonly ask: () => Promise<T>,
    { maxAgeMs, now = () => performance.now() }: SingleFlightOptions,
  ) {
    this.#maxAgeMs = maxAgeMs;
    this.#now = now;
  }

  /** The answer that is young enough, or being waited for, or a new one. Rejects with what asking failed of. */
  get(): Promise<T> {
    const young = this.#asking || this.#now() - this.#askedAt < this.#maxAgeMs;
    return this.#answer && young ? this.#answer : this.#renew();
  }

  /** After a change: who asks from now on is not given what was asked before. */
  drop(): void {
    this.#answer = undefined;
  }

  #renew(): Promise<T> {
    const answer = this.ask();
    this.#answer = answer;
    this.#asking = true;
    this.#askedAt = this.#now();
    const done = (keep: boolean): void => {
      if (this.#answer !== answer) return;
      this.#asking = false;
      if (!keep) this.#answer = undefined;
    };
    answer.then(
      () => {
        done(true);
      },
      () => {
        done(false);
      },
    );
    return answer;
  }
}
