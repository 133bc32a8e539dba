/** What is in a panel: the component that Grafana's panel of that type is made of. */
import { dateTime, getFieldDisplayValues } from '@grafana/data';
import type { DataFrame, DataFrameJSON, GrafanaTheme2, ReduceDataOptions } from '@grafana/data';
import { BigValue, BigValueGraphMode, TimeSeries } from '@grafana/ui';
import type { BigValueColorMode, VizLegendOptions } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { configured, replaceVariables } from './fields';
import type { Input, Panel } from './input';

interface Props {
  panel: Panel;
  frames: DataFrameJSON[];
  input: Input;
  theme: GrafanaTheme2;
  width: number;
  height: number;
}

export function Content(props: Props) {
  const { panel, frames, theme, height } = props;
  const data = configured(panel, frames, theme);
  if (data.every(({ length }) => length === 0)) {
    const style = { height, display: 'grid', placeItems: 'center', color: theme.colors.text.secondary };
    return <div style={style}>{panel.fieldConfig.defaults.noValue}</div>;
  }
  return { timeseries: Plot, table: Rows, stat: Figures }[panel.type]({ ...props, data });
}

type DataProps = Props & { data: DataFrame[] };

function Plot({ panel, input, data, width, height }: DataProps) {
  const legend = panel.options['legend'] as VizLegendOptions;
  return <TimeSeries frames={data} timeRange={rangeOf(input)} timeZone="utc" {...{ width, height, legend }} />;
}

function Rows({ panel, input, data: [frame], width, height }: DataProps) {
  const { noValue } = panel.fieldConfig.defaults;
  return <TableNG data={frame as DataFrame} timeRange={rangeOf(input)} {...{ width, height, noValue }} />;
}

function Figures({ panel, data, theme, width, height }: DataProps) {
  const { fieldConfig, options } = panel;
  const reduceOptions = options['reduceOptions'] as ReduceDataOptions;
  const values = getFieldDisplayValues({ fieldConfig, reduceOptions, replaceVariables, theme, data, timeZone: 'utc' });
  return (
    <div style={{ display: 'flex' }}>
      {values.map(({ display }) => (
        <BigValue
          key={display.title}
          value={{ ...display, title: values.length > 1 ? display.title : undefined }}
          colorMode={options['colorMode'] as BigValueColorMode}
          graphMode={BigValueGraphMode.None}
          width={width / values.length}
          {...{ height, theme }}
        />
      ))}
    </div>
  );
}

function rangeOf({ fromMs, toMs }: Input) {
  const [from, to] = [dateTime(fromMs), dateTime(toMs)];
  return { from, to, raw: { from, to } };
}
