/** Parses QEMU's command line for what it says of a VM. */
import { printable } from '../printable.js';

export interface QemuArguments {
  /** Name of the VM; empty where QEMU was given none. */
  name: string;
  /** UUID as it was given; empty where it was not. */
  uuid: string;
  /** The machine's option `kvm-type`, in upper case: HV or PR. */
  kvmType: string | undefined;
  /** The machine's option `max-cpu-compat`, in lower case: power8, power9, ... */
  maxCpuCompat: string | undefined;
}

/** Parses /proc/<pid>/cmdline: arguments that each end in a NUL character. Where an option is repeated, the last counts. */
export function parseQemu(cmdline: string): QemuArguments {
  const values = valuesByOption(cmdline.split('\0'));
  const valuesOf = (option: string) => values.get(option) ?? [];
  const machine = new Map(['machine', 'M'].flatMap(valuesOf).flatMap((v) => [...options(v)]));
  const name = options(valuesOf('name').at(-1) ?? '', 'guest').get('guest') ?? '';
  return {
    name: printable(name),
    uuid: printable(valuesOf('uuid').at(-1) ?? ''),
    kvmType: machine.get('kvm-type')?.toUpperCase(),
    maxCpuCompat: machine.get('max-cpu-compat')?.toLowerCase(),
  };
}

/** Collects values by option: of `-option value`, `--option value` and `-option=value`. */
function valuesByOption(words: readonly string[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  words.forEach((word, i) => {
    const [, option, given] = /^--?([A-Za-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const value = given ?? words[i + 1];
    if (option === undefined || value === undefined) return;
    const known = values.get(option);
    if (known) known.push(value);
    else values.set(option, [value]);
  });
  return values;
}

/** Parses `a=b,c=d,,e` as a: `b` and c: `d,e`; a first word without `=` is the value of `implied`. */
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
