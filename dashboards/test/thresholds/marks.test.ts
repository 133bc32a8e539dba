/** The values from which on a panel is coloured, as figures that the panels are not made of. */
import { expect, it } from 'vitest';
import { DASHBOARDS } from '../../src/index.js';

/** By dashboard and panel; every other panel is green whatever it shows. Seconds, shares, or events a second. */
const MARKS: Readonly<Record<string, readonly [number, string][]>> = {
  'fleet / Freshness': [[90, 'orange']],
  'host / Outbox of the agents': [[120, 'orange']],
  'pipeline / Outboxes': [[0.8, 'orange']],
  'pipeline / Refused and undecodable batches': [[0.001, 'orange']],
  'pipeline / Failed inserts': [[0.001, 'orange']],
  'pipeline / Freshness': [[90, 'orange']],
  'vm / Punts': [[1, 'orange']],
};

interface Panel {
  title?: string;
  fieldConfig?: { defaults?: { thresholds?: { steps: { value: number | null; color: string }[] } } };
}

it('marks each panel from the value on that it should', () => {
  const panels = Object.entries(DASHBOARDS).flatMap(([name, dashboard]) =>
    ((dashboard.panels ?? []) as Panel[]).map(({ title = '', fieldConfig }) => {
      const steps = fieldConfig?.defaults?.thresholds?.steps ?? [];
      return [`${name} / ${title}`, steps.map(({ value, color }) => [value, color])] as const;
    }),
  );
  const wanted = panels.map(([panel]) => [panel, [[null, 'green'], ...(MARKS[panel] ?? [])]]);
  expect(panels).toEqual(wanted);
  const titles: string[] = panels.map(([panel]) => panel);
  expect(Object.keys(MARKS).filter((panel) => !titles.includes(panel))).toEqual([]);
});
