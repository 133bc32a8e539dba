/** Where Grafana puts the panels: 24 columns, rows of 38 pixels. */
import type { GrafanaTheme2 } from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { Content } from './content';
import type { Input } from './input';

const WIDTH = 1392;
const COLUMN = WIDTH / 24;
const ROW = 38;
const GAP = 8;

export function Grid({ input, theme }: { input: Input; theme: GrafanaTheme2 }) {
  const rows = Math.max(...input.panels.map(({ panel: { gridPos } }) => gridPos.y + gridPos.h));
  return (
    <div id="dashboard" style={{ width: WIDTH + 2 * GAP, padding: GAP }}>
      <h1 style={theme.typography.h3}>{input.title}</h1>
      <div style={{ position: 'relative', height: rows * ROW }}>
        {input.panels.map(({ panel, frames }) => {
          const { x, y, w, h } = panel.gridPos;
          const [width, height] = [w * COLUMN - GAP, h * ROW - GAP];
          return (
            <div key={panel.id} style={{ position: 'absolute', left: x * COLUMN, top: y * ROW, width, height }}>
              <PanelChrome title={panel.title} description={panel.description} width={width} height={height}>
                {(innerWidth, innerHeight) => (
                  <Content {...{ panel, frames, input, theme }} width={innerWidth} height={innerHeight} />
                )}
              </PanelChrome>
            </div>
          );
        })}
      </div>
    </div>
  );
}
