/**
 * Calls by mode over time, stacked. uPlot draws axes and cursor; the areas are drawn here, as steps: a rate is that of a
 * whole step, and where nobody read the host there is a hatched gap and no line through it.
 */
import { MODES } from '@tcewatch/protocol/vocabulary';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { PlotStep } from '../series.js';
import { MODE_WORDS, rate } from '../words.js';

const HEIGHT = 240;

export interface PlotProps {
  steps: readonly PlotStep[];
  /** Seconds. */
  step: number;
}

export function Plot({ steps, step }: PlotProps) {
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const newest = useRef<PlotProps>({ steps, step });
  newest.current = { steps, step };
  const [at, setAt] = useState<number | null>(null);

  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const made = new uPlot(options(element.clientWidth, newest, setAt), dataOf(newest.current), element);
    plot.current = made;
    const resized = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resized.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => {
      made.redraw();
    };
    scheme.addEventListener('change', redraw);
    return () => {
      scheme.removeEventListener('change', redraw);
      resized.disconnect();
      made.destroy();
    };
  }, []);
  useEffect(() => {
    plot.current?.setData(dataOf({ steps, step }));
  }, [steps, step]);

  const shown = at === null ? undefined : steps[at];
  return (
    <>
      <div class="plot" ref={root} aria-hidden="true" />
      <p class="legend" aria-hidden="true">
        {MODES.map((mode) => (
          <span key={mode}>
            <i class={`swatch mode-${mode}`} /> {MODE_WORDS[mode]}
            {shown && <b> {shown.rates[mode] === null ? '–' : `${rate(shown.rates[mode])}/s`}</b>}
          </span>
        ))}
        <span>
          <i class="swatch mode-unknown" /> host not read
        </span>
        {shown && <span class="quiet">{new Date(shown.at * 1000).toISOString().slice(11, 19)} UTC</span>}
      </p>
    </>
  );
}

function dataOf({ steps, step }: PlotProps): uPlot.AlignedData {
  const end = (steps.at(-1)?.at ?? 0) + step;
  const sums = steps.map(({ rates }) => MODES.reduce((sum, mode) => sum + (rates[mode] ?? 0), 0));
  return steps.length === 0
    ? [[], []]
    : [
        [...steps.map(({ at }) => at), end],
        [...sums, 0],
      ];
}

function options(width: number, newest: { current: PlotProps }, setAt: (index: number | null) => void): uPlot.Options {
  const axis = (): Pick<uPlot.Axis, 'stroke' | 'grid' | 'ticks' | 'font'> => ({
    stroke: () => colour('--quiet'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { show: false },
  });
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      {
        ...axis(),
        space: 84,
        size: 28,
        values: (_, splits, __, ___, seconds) => splits.map((time) => timeWords(time, seconds)),
      },
      { ...axis(), size: 64, values: (_, splits) => splits.map((value) => `${rate(value)}/s`) },
    ],
    series: [{}, { stroke: 'transparent', paths: () => null, points: { show: false } }],
    hooks: {
      draw: [
        (self) => {
          drawSteps(self, newest.current);
        },
      ],
      setCursor: [
        (self) => {
          const { steps, step } = newest.current;
          const left = self.cursor.left ?? -1;
          const time = left < 0 ? null : self.posToVal(left, 'x');
          const index = time === null ? -1 : steps.findIndex(({ at }) => time >= at && time < at + step);
          setAt(index === -1 ? null : index);
        },
      ],
    },
  };
}

/** UTC, as exact as the ticks are apart. */
function timeWords(time: number, seconds: number): string {
  const iso = new Date(time * 1000).toISOString();
  if (seconds >= 86_400 || time % 86_400 === 0) return iso.slice(5, 10);
  return seconds < 60 ? iso.slice(11, 19) : iso.slice(11, 16);
}

function drawSteps(plot: uPlot, { steps, step }: PlotProps): void {
  const { ctx } = plot;
  const x = (time: number): number => Math.round(plot.valToPos(time, 'x', true));
  const y = (value: number): number => Math.round(plot.valToPos(value, 'y', true));
  const hatching = hatch(ctx);
  ctx.save();
  for (const { at, read, rates } of steps) {
    const left = x(at);
    const wide = x(at + step) - left;
    if (!read) {
      ctx.fillStyle = hatching;
      ctx.fillRect(left, plot.bbox.top, wide, plot.bbox.height);
      continue;
    }
    let sum = 0;
    for (const mode of MODES) {
      const value = rates[mode] ?? 0;
      if (value === 0) continue;
      const bottom = y(sum);
      sum += value;
      ctx.fillStyle = colour(`--${mode}`);
      ctx.fillRect(left, y(sum), wide, bottom - y(sum));
    }
  }
  ctx.restore();
}

function hatch(ctx: CanvasRenderingContext2D): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 8;
  const brush = tile.getContext('2d');
  if (!brush) return 'transparent';
  brush.strokeStyle = colour('--hatch');
  brush.lineWidth = 1.5;
  brush.beginPath();
  for (const offset of [-8, 0, 8]) {
    brush.moveTo(offset, 8);
    brush.lineTo(offset + 8, 0);
  }
  brush.stroke();
  return ctx.createPattern(tile, 'repeat') ?? 'transparent';
}

/** A colour of style/tokens.css, as it is now: light or dark. */
function colour(token: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}
