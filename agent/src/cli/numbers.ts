/** Parsers for commander: numbers and times on the command line. */
import { duration } from '@tcewatch/common';
import { InvalidArgumentError } from 'commander';
import { HIST_SIZE } from '../sources/settings.js';

export function positive(text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('give a positive number');
}

export function milliseconds(text: string): number {
  const parsed = duration().safeParse(text);
  if (parsed.success && parsed.data > 0) return parsed.data;
  throw new InvalidArgumentError('give a time such as 500ms or 2s');
}

/** Parses the entries of a histogram. */
export function powerOfTwo(text: string): number {
  const number = Number(text);
  if (number >= HIST_SIZE.least && number <= HIST_SIZE.most && Number.isInteger(Math.log2(number))) return number;
  throw new InvalidArgumentError('give a power of two from 128 to 131072');
}
