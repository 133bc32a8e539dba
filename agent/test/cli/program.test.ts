import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from './surroundings.js';

const directory = mkdtempSync(join(tmpdir(), 'tcewatch-cli-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe('tcewatch-agent', () => {
  it('says what it is and what it can', async () => {
    const { status, stdout } = await run(['--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/run.*replay.*check-config/s);
    expect((await run(['--version'])).stdout).toBe('1.2.3\n');
  });

  it.each(['run', 'replay', 'check-config'])('ends the help of %s with an example', async (command) => {
    const { status, stdout } = await run([command, '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples?:\n.*tcewatch-agent ${command}`, 's'));
  });

  it('refuses what it does not know', async () => {
    const { status, stderr } = await run(['run', '--intervall', '1s']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/unknown option '--intervall'.*Did you mean --interval\?/s);
    expect(await run(['dance'])).toMatchObject({ status: 1, stderr: expect.stringContaining('dance') as string });
  });

  it('refuses a source that recordings do not have', async () => {
    const { status, stderr } = await run(['replay', directory, '--source', 'guest']);
    expect(status).toBe(1);
    expect(stderr).toContain("'guest' is invalid. it is not available; available: hist, ring");
  });
});

describe('check-config', () => {
  it('is content with a good file', async () => {
    const file = join(directory, 'good.yaml');
    writeFileSync(file, 'interval: 5s\n');
    expect(await run(['check-config', file])).toMatchObject({ status: 0, stdout: 'ok\n', stderr: '' });
    expect(await run(['check-config'], { env: { TCEWATCH_AGENT_CONFIG: file } })).toMatchObject({ status: 0 });
  });

  it('says each thing that is wrong, and where it was given', async () => {
    const file = join(directory, 'bad.yaml');
    writeFileSync(file, 'intervall: 5s\ncaps: { vms: 0 }\n');
    const { status, stdout, stderr } = await run(['check-config', file], { env: { TCEWATCH_AGENT_INTERVAL: 'soon' } });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.split('\n').sort()).toEqual([
      '',
      expect.stringMatching(/^caps\.vms: .* \(.*bad\.yaml\)$/),
      'interval: expected a duration such as 500ms, 10s, 5m, 1h or 90d (environment variable TCEWATCH_AGENT_INTERVAL)',
      expect.stringMatching(/^intervall: is no setting; did you mean interval\? \(.*bad\.yaml\)$/),
    ]);
  });

  it('says that there is no such file', async () => {
    const { status, stderr } = await run(['check-config', join(directory, 'none.yaml')]);
    expect(status).toBe(1);
    expect(stderr).toContain('cannot be read');
  });
});
