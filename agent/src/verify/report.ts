/** Report of a comparison, for people. Pure. */
import type { Comparison } from './compare.js';

export interface Report {
  text: string;
  /** Reason why the two do not agree, or cannot be said to; undefined when they do. */
  failure: string | undefined;
}

export function verifyReport(comparisons: readonly Comparison[]): Report {
  const text = comparisons.map(line).join('');
  const differences = comparisons.reduce((sum, comparison) => sum + comparison.differences.length, 0);
  if (differences > 0) return { text, failure: `histogram and ring differ in ${differences} cells; see above` };
  if (comparisons.some(({ compared }) => compared > 0)) return { text, failure: undefined };
  const calls = comparisons.reduce((sum, comparison) => sum + comparison.calls, 0);
  const failure =
    calls === 0
      ? 'no TCE hypercall was made meanwhile, so nothing was compared; give more --seconds, or load a guest'
      : 'no thread paused long enough to be compared to the call; give more --seconds';
  return { text, failure };
}

function line({ counter, calls, compared, differences }: Comparison): string {
  const verdict = differences.length > 0 ? 'NOT EQUAL' : compared > 0 ? 'equal to the call' : 'not compared';
  const rest = calls - compared;
  const bounds = rest > 0 ? `; ${number(rest)} more at the borders, within what the readings allow` : '';
  const cells = differences.map(({ cell, calls }) => {
    const more = `${number(Math.abs(calls))} ${calls > 0 ? 'more' : 'fewer'}`;
    return `  ${cell}: the histogram has ${more} than the ring\n`;
  });
  return `${counter}: ${number(compared)} calls compared: ${verdict}${bounds}\n${cells.join('')}`;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
