/** What QEMU's command line says of a VM. */
import { printable } from '../printable.js';

export interface QemuArguments {
  /** Empty where QEMU was given none. */
  name: string;
  /** As it was given; empty where it was not. */
  uuid: string;
  /** The machine's option `kvm-type`, in upper case: HV or PR. */
  kvmType: string | undefined;
  /** The machine's option `max-cpu-compat`, in lower case: power8, power9, ... */
  maxCpuCompat: string | undefined;
}

/** Parses /proc/<pid>/cmdline: arguments that each end in a NUL character. Where an option is repeated, the last counts. */
export function parseQemu(cmdline: string): QemuArguments {
  const words = cmdline.split('\0');
  const machine = new Map(
    ['machine', 'M'].flatMap((option) => valuesOf(words, option)).flatMap((v) => [...options(v)]),
  );
  const name = options(valuesOf(words, 'name').at(-1) ?? '', 'guest').get('guest') ?? '';
  return {
    name: printable(name),
    uuid: printable(valuesOf(words, 'uuid').at(-1) ?? ''),
    kvmType: machine.get('kvm-type')?.toUpperCase(),
    maxCpuCompat: machine.get('max-cpu-compat')?.toLowerCase(),
  };
}

/** The values of `-option value`, `--option value` and `-option=value`. */
function valuesOf(words: readonly string[], option: string): string[] {
  return words.flatMap((word, i) => {
    const match = /^--?([A-Za-z-]+)(?:=(.*))?$/s.exec(word);
    if (match?.[1] !== option) return [];
    const value = match[2] ?? words[i + 1];
    return value === undefined ? [] : [value];
  });
}

/** `a=b,c=d,,e` is a: `b` and c: `d,e`; a first word without `=` is the value of `implied`. */
function options(text: string, implied?: string): Map<string, string> {
  const parsed = new Map<string, string>();
  const parts = text.match(/(?:[^,]|,,)+/g) ?? [];
  parts.forEach((part, i) => {
    const literal = part.replaceAll(',,', ',');
    const equals = literal.indexOf('=');
    if (equals > 0) parsed.set(literal.slice(0, equals), literal.slice(equals + 1));
    else if (i === 0 && implied !== undefined) parsed.set(implied, literal);
  });
  return parsed;
}
