/** The rules as Prometheus itself understands them: `promtool`, of the Debian package prometheus. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { GROUPS, isAlerting } from '../src/index.js';

const folder = fileURLToPath(new URL('rules/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.test.yaml'));
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

/** Its exit status, with what it said. */
function promtool(...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

describe.skipIf(!hasPromtool)('promtool', () => {
  it('finds nothing wrong with the rules', () => {
    const checked = promtool('check', 'rules', '../../generated/prometheus-rules.yaml');
    expect(checked).toEqual({ status: 0, said: expect.stringContaining('SUCCESS') as string });
  });

  it.each(files)('finds that alerts fire, and do not, as %s says', (file) => {
    const { status, said } = promtool('test', 'rules', file);
    expect(status, said).toBe(0);
  });

  it('fails when an alert does not fire as it should', () => {
    expect(promtool('test', 'rules', '../wrong.yaml')).toEqual({
      status: 1,
      said: expect.stringContaining('FAILED') as string,
    });
  });
});

interface AlertTest {
  alertname: string;
  exp_alerts: readonly { exp_labels: Readonly<Record<string, string>> }[];
}

describe('each alerting rule', () => {
  const tests = files.flatMap((file) => {
    const { tests } = parse(readFileSync(folder + file, 'utf8')) as { tests: { alert_rule_test: AlertTest[] }[] };
    return tests.flatMap((test) => test.alert_rule_test);
  });
  const rules = GROUPS.flatMap((group) => group.rules).filter(isAlerting);

  it.each(rules.map(({ alert, severity, cause, labels }) => [alert, { severity, cause, ...labels }]))(
    'has a test in which it fires, and one in which it does not: %s %o',
    (alert, wanted) => {
      const ofAlert = tests.filter(({ alertname }) => alertname === alert);
      const fires = ({ exp_alerts }: AlertTest): boolean =>
        exp_alerts.some(({ exp_labels: labels }) =>
          ['severity', 'cause', 'real_mode'].every((label) => labels[label] === wanted[label as keyof typeof wanted]),
        );
      expect(ofAlert.filter(fires)).not.toEqual([]);
      expect(ofAlert.filter((test) => !fires(test))).not.toEqual([]);
    },
  );
});
