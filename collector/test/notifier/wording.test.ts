import { describe, expect, it } from 'vitest';
import { pageUrl, runbookUrl, unknownPlaceholders } from '../../src/notifier/links.js';
import { impactWords, tidy } from '../../src/notifier/wording.js';
import { firingAlert } from '../events.js';

const alert = firingAlert('a b');

describe('links', () => {
  it('there are none where nobody said where the pages are', () => {
    expect([pageUrl({}, alert), runbookUrl({}, alert)]).toEqual([undefined, undefined]);
  });

  it('lead to the page of the VM, or of the host', () => {
    const links = { publicUrl: 'https://tce.example/x' };
    expect(pageUrl(links, alert)).toBe(`https://tce.example/x/#/vms/${alert.vm?.life ?? ''}`);
    expect(pageUrl(links, { ...alert, vm: null, hostId: 'a/b' })).toBe('https://tce.example/x/#/hosts/a%2Fb');
    expect(runbookUrl({ ...links, runbooks: 'https://wiki.example' }, alert)).toBe(
      `https://wiki.example/TceNeverAccelerated#${alert.cause.code}`,
    );
  });

  it('fill a template in, encoded', () => {
    const dashboard = 'https://grafana.example/d/tce?var-host={host}&var-vm={vm}&from={from}&to=now';
    expect(pageUrl({ publicUrl: 'https://tce.example', dashboard }, alert)).toBe(
      'https://grafana.example/d/tce?var-host=h&var-vm=a%20b&from=1795348020000&to=now',
    );
    expect(unknownPlaceholders('{host} {vn} {}')).toEqual(['vn', '']);
    expect(unknownPlaceholders('{toString}')).toEqual(['toString']);
  });
});

describe('words', () => {
  it('say of an impact whether it was measured', () => {
    expect(impactWords({ known: 'measured', lostMsPerSecond: 35.04 })).toMatch(/^Measured: .* lose 35\.0 ms/);
    expect(impactWords(alert.impact)).toMatch(/^Estimated, not measured here/);
    expect(impactWords(null)).toBeUndefined();
  });

  it('are cut between characters', () => {
    expect(tidy('ab😀cd', 4)).toBe('ab…');
    expect(tidy('abcd', 4)).toBe('abcd');
  });
});
