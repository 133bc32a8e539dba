/** The systemd units, as systemd itself reads them, and as docs/guides/privileges.md says. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAMS, REPOSITORY, checkConfig, has, run } from './tools.js';

const UNITS = join(REPOSITORY, 'deploy/systemd');
/** systemd's exposure level, times ten: what the units reach. */
const EXPOSURE = { agent: 29, collector: 14 };

function settings(unit: string): string[] {
  return unit.split('\n').filter((line) => /^[A-Z]\w+=/.test(line));
}

const unit = Object.fromEntries(
  PROGRAMS.map((program) => [program, readFileSync(join(UNITS, `tcewatch-${program}.service`), 'utf8')]),
) as Record<(typeof PROGRAMS)[number], string>;

describe.skipIf(!has('systemd-analyze')).each(PROGRAMS)('tcewatch-%s.service for systemd-analyze', (program) => {
  const name = `tcewatch-${program}.service`;
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'tcewatch-units-'));
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
    mkdirSync(join(root, 'usr/lib/systemd/system'), { recursive: true });
    writeFileSync(join(root, `usr/bin/tcewatch-${program}`), '#!/bin/sh\n');
    chmodSync(join(root, `usr/bin/tcewatch-${program}`), 0o755);
  });
  afterAll(() => {
    rmSync(root, { recursive: true });
  });

  const verify = () => run('systemd-analyze', ['verify', '--recursive-errors=no', '--man=no', `--root=${root}`, name]);

  it('has nothing to be said against', () => {
    copyFileSync(join(UNITS, name), join(root, 'usr/lib/systemd/system', name));
    expect(verify()).toMatchObject({ status: 0, said: '' });
  });

  it('would be told of a setting that there is not', () => {
    const wrong = unit[program].replace('NoNewPrivileges=', 'NoNewPrivilege=');
    writeFileSync(join(root, 'usr/lib/systemd/system', name), wrong);
    expect(verify().said).toMatch(/Unknown key.* 'NoNewPrivilege'/);
  });

  it('exposes no more than it has to', () => {
    const security = (threshold: number) =>
      run('systemd-analyze', ['security', '--offline=yes', `--threshold=${threshold}`, join(UNITS, name)]).status;
    expect(security(EXPOSURE[program])).toBe(0);
    expect(security(EXPOSURE[program] - 1)).not.toBe(0);
  });
});

describe('the units', () => {
  it('give the agent what its guide says, and nothing more', () => {
    const guide = readFileSync(join(REPOSITORY, 'docs/guides/privileges.md'), 'utf8');
    const proven = /```ini\n([^]*?)```/.exec(guide)![1]!;
    expect(settings(unit.agent)).toEqual(expect.arrayContaining(settings(proven)));
    expect(settings(unit.agent).filter((line) => line.startsWith('CapabilityBoundingSet='))).toHaveLength(1);
    expect(unit.agent).not.toMatch(/^(ProtectKernelTunables|ProtectKernelLogs|ProtectProc|PrivatePIDs|ProcSubset)=/m);
  });

  it('give the collector no capability', () => {
    expect(settings(unit.collector)).toEqual(expect.arrayContaining(['CapabilityBoundingSet=', 'DynamicUser=yes']));
  });

  it('share no directory between their users', () => {
    const directories = ({ agent, collector }: typeof unit) =>
      [agent, collector].map((text) => /^StateDirectory=(.*)$/m.exec(text)?.[1]);
    expect(new Set(directories(unit)).size).toBe(2);
  });

  it.each(PROGRAMS)('start the %s with a file that it takes', (program) => {
    const file = `deploy/packages/${program}.yaml`;
    expect(unit[program]).toContain(
      `ExecStartPre=/usr/bin/tcewatch-${program} check-config /etc/tcewatch/${program}.yaml`,
    );
    expect(checkConfig(program, file)).toMatchObject({ status: 0, out: 'ok\n' });
  });

  it.each(PROGRAMS)('name only settings that the %s has', (program) => {
    const environment = readFileSync(join(REPOSITORY, `deploy/packages/${program}.env`), 'utf8');
    const commented = environment.replace(/^# (?=TCEWATCH_)/gm, '');
    const lines = [
      ...commented.matchAll(/^(?:Environment=)?(TCEWATCH_\w+)=(.*)$/gm),
      ...unit[program].matchAll(/^Environment=(\w+)=(.*)$/gm),
    ];
    const env = Object.fromEntries(lines.map(([, name, value]) => [name!, value!]));
    expect(Object.keys(env)).not.toEqual([]);
    expect(checkConfig(program, `deploy/packages/${program}.yaml`, env)).toMatchObject({ status: 0, out: 'ok\n' });
  });
});
