import { describe, expect, it } from 'vitest';
import type { ModeFigure } from '@tcewatch/protocol';
import { showProgress } from '../../src/terminal/progress.js';
import { report } from '../../src/cli/report.js';

const figure = (mode: ModeFigure['mode'], calls: number | null, evidence: ModeFigure['evidence'] = 'exact') => ({
  mode,
  calls,
  entries: null,
  evidence,
  reason: evidence === 'exact' ? '' : evidence === 'absent' ? 'real-mode-retired' : `why-${evidence}`,
});

describe('report', () => {
  it('has a row for each hypercall that was or may have been made', () => {
    const hypercalls = [
      {
        hypercall: 'H_GET_TCE' as const,
        modes: [figure('real', 0, 'absent'), figure('virtual', 0), figure('userspace', 0)],
        issued: null,
        entries: 0,
      },
      {
        hypercall: 'H_PUT_TCE' as const,
        modes: [figure('real', 0, 'absent'), figure('virtual', 5363), figure('userspace', 12)],
        issued: null,
        entries: 5375,
      },
      {
        hypercall: 'H_STUFF_TCE' as const,
        modes: [figure('real', null, 'unobservable'), figure('virtual', 0), figure('userspace', 0)],
        issued: null,
        entries: null,
      },
    ];
    const balance = { seen: 5376, counted: 5375, lost: 1 };
    expect(report([{ vm: 'hot', uuid: '', hypercalls }], balance)).toBe(`\
VM   hypercall            real  virtual  userspace  entries
hot  H_PUT_TCE      0 (absent)    5,363         12    5,375
hot  H_STUFF_TCE  unobservable        0          0  unknown

real: absent. This kernel has no real-mode TCE handlers (Linux removed them in 5.19): the mode cannot occur.
real: unobservable. why-unobservable
seen 5,376 = counted 5,375 + lost 1
`);
  });
});

describe('showProgress', () => {
  const written = (isTTY: boolean): string => {
    let all = '';
    const progress = showProgress({ isTTY, write: (text) => (all += text) });
    progress.update(121, 484);
    progress.clear();
    return all;
  };

  it('draws one line on a terminal and takes it away', () => {
    expect(written(true)).toBe(`\r\u001b[K[${'#'.repeat(10)}${'.'.repeat(30)}] 121/484 readings\r\u001b[K`);
  });

  it('is silent elsewhere', () => {
    expect(written(false)).toBe('');
  });
});
