/** The Debian and RPM packages: what dpkg and rpm find in them, and what their scripts do when they are run. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAMS, REPOSITORY, has, must, run } from './tools.js';
import type { ProgramName } from './tools.js';

const canPackage = has('go', 'dpkg-deb', 'rpm', 'unshare') && process.getuid?.() === 0;
const MACHINES = [
  { arch: 'amd64', deb: 'amd64', rpm: 'x86_64' },
  { arch: 'ppc64le', deb: 'ppc64el', rpm: 'ppc64le' },
] as const;

describe.skipIf(!canPackage)('packages', () => {
  let work: string;
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'tcewatch-packages-'));
    const PATH = `${must('deploy/test/nfpm.sh', []).trim()}:${process.env['PATH'] ?? ''}`;
    for (const program of PROGRAMS) {
      // The program alone, without its npm packages, which take minutes to install.
      const tree = join(work, program);
      for (const part of ['bin', 'dist', 'package.json']) {
        cpSync(join(REPOSITORY, program, part), join(tree, program, part), { recursive: true });
      }
      mkdirSync(join(work, 'out'), { recursive: true });
      for (const { arch } of MACHINES) {
        must('deploy/packages/build.sh', [program, arch, tree, join(work, 'out')], { PATH });
      }
    }
  });
  afterAll(() => {
    rmSync(work, { recursive: true });
  });

  const deb = (program: ProgramName, arch: string) => join(work, 'out', `tcewatch-${program}_0.1.0_${arch}.deb`);
  const rpm = (program: ProgramName, arch: string) => join(work, 'out', `tcewatch-${program}-0.1.0-1.${arch}.rpm`);
  const installed = (program: ProgramName) => [
    `/etc/default/tcewatch-${program}`,
    `/etc/tcewatch/${program}.yaml`,
    `/usr/bin/tcewatch-${program}`,
    `/usr/lib/systemd/system/tcewatch-${program}.service`,
    `/usr/lib/tcewatch-${program}/${program}/bin/tcewatch-${program}.js`,
    `/usr/lib/tcewatch-${program}/${program}/dist/main.js`,
  ];

  describe.each(PROGRAMS)('of the %s', (program) => {
    it.each(MACHINES)('are for $arch, and bring program, unit and settings', (machine) => {
      const [package_, foreign] = [deb(program, machine.deb), rpm(program, machine.rpm)];
      const field = (name: string) => must('dpkg-deb', ['-f', package_, name]).trim();
      expect([field('Architecture'), field('Version')]).toEqual([machine.deb, '0.1.0']);
      expect(field('Depends')).toBe('nodejs (>= 20.19)');
      const inDeb = must('dpkg-deb', ['-c', package_]).replaceAll(' ./', ' /').split(/\s+/);
      expect(inDeb).toEqual(expect.arrayContaining(installed(program)));

      const said = must('rpm', ['-qp', '--queryformat', '%{ARCH} %{VERSION}\n', foreign]).trim();
      expect(said).toBe(`${machine.rpm} 0.1.0`);
      expect(must('rpm', ['-qpR', foreign])).toContain('nodejs >= 20.19');
      expect(must('rpm', ['-qpl', foreign]).split('\n')).toEqual(expect.arrayContaining(installed(program)));
    });

    it('keep settings when they are upgraded', () => {
      const settings = installed(program).slice(0, 2);
      const control = join(work, `control-${program}`);
      must('dpkg-deb', ['-e', deb(program, 'amd64'), control]);
      expect(readFileSync(join(control, 'conffiles'), 'utf8').trim().split('\n').sort()).toEqual(settings);
      expect(
        must('rpm', ['-qpc', rpm(program, 'x86_64')])
          .trim()
          .split('\n')
          .sort(),
      ).toEqual(settings);
      const flags = must('rpm', [
        '-qp',
        '--queryformat',
        '[%{FILENAMES} %{FILEFLAGS:fflags}\n]',
        rpm(program, 'x86_64'),
      ]);
      expect(flags).toContain(`/etc/tcewatch/${program}.yaml cn`);
    });

    it('start the program from where they put it', () => {
      const root = join(work, `root-${program}`);
      must('dpkg-deb', ['-x', deb(program, 'amd64'), root]);
      const link = must('readlink', [join(root, `usr/bin/tcewatch-${program}`)]).trim();
      expect(readFileSync(join(root, link), 'utf8')).toContain('#!/usr/bin/env node');
      expect(readdirSync(join(root, 'usr/bin'))).toEqual([`tcewatch-${program}`]);
      must('test', ['-x', join(root, link)]);
    });
  });

  describe('have scripts that', () => {
    /** What the script asks of systemctl, where systemd runs or does not. */
    function asks(script: string, args: readonly string[], systemd = true): string[] {
      const control = join(work, 'scripts');
      must('dpkg-deb', ['-e', deb('agent', 'amd64'), control]);
      const stub = join(work, 'stub');
      mkdirSync(stub, { recursive: true });
      writeFileSync(join(stub, 'systemctl'), '#!/bin/sh\necho "$*"\n');
      chmodSync(join(stub, 'systemctl'), 0o755);
      const booted = systemd ? '&& mkdir -p /run/systemd/system' : '';
      const command = `mount -t tmpfs tmpfs /run ${booted} && exec sh ${join(control, script)} "$@"`;
      const ended = run('unshare', ['--mount', 'sh', '-c', command, 'sh', ...args], {
        PATH: `${stub}:${process.env['PATH'] ?? ''}`,
      });
      expect(ended.status, ended.said).toBe(0);
      return ended.out.split('\n').filter((line) => line !== '');
    }
    const unit = 'tcewatch-agent.service';

    it.each([[['configure', '']], [['configure']], [['1']]])('start nothing at first: %j', (args) => {
      expect(asks('postinst', args)).toEqual(['daemon-reload']);
    });

    it.each([[['configure', '0.0.9']], [['2']]])('go on with the new program: %j', (args) => {
      expect(asks('postinst', args)).toEqual(['daemon-reload', `try-restart ${unit}`]);
    });

    it('stop the service when the package goes, and not when it is upgraded', () => {
      expect([asks('prerm', ['remove']), asks('prerm', ['0'])].flat()).toEqual(Array(2).fill(`disable --now ${unit}`));
      expect([asks('prerm', ['upgrade', '0.2.0']), asks('prerm', ['1'])].flat()).toEqual([]);
    });

    it('ask nothing where systemd does not run', () => {
      expect(asks('postinst', ['configure', '0.0.9'], false)).toEqual([]);
      expect(asks('prerm', ['remove'], false)).toEqual([]);
      expect(asks('postrm', ['remove'], false)).toEqual([]);
    });

    it('are the same in the RPM', () => {
      expect(must('rpm', ['-qp', '--scripts', rpm('agent', 'x86_64')])).toContain(`unit=${unit}`);
    });
  });
});
