/** Random choices that a seed repeats. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Dice {
  /** An integer from `least` to `most`, both included. */
  int(least: number, most: number): number;
  /** A number from `least` to below `most`. */
  real(least: number, most: number): number;
  /** Throws RangeError when there is nothing to pick from. */
  pick<T>(from: readonly T[]): T;
  shuffled<T>(all: readonly T[]): T[];
}

/** Makes the dice of a seed, an unsigned 32-bit number, which gives the same choices each time. */
export function diceOf(seed: number): Dice {
  const generator = xoroshiro128plus(seed);
  const int = (least: number, most: number): number => uniformInt(generator, least, most);
  const take = <T>(left: T[]): T => {
    if (left.length === 0) throw new RangeError('nothing to pick from');
    return left.splice(int(0, left.length - 1), 1)[0] as T;
  };
  return {
    int,
    real: (least, most) => least + uniformFloat64(generator) * (most - least),
    pick: (from) => take([...from]),
    shuffled: (all) => {
      const left = [...all];
      return all.map(() => take(left));
    },
  };
}
