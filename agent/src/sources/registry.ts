/**
 * The sources by name. To add one, add its file or folder with an entry (entry.ts), and a line here. The configuration,
 * `--help`, the reference page, `doctor` and the chart's schema take it from there.
 */
import type { Intersected, MissingSetting, SettingsOf } from '../sections.js';
import type { Source } from '../model.js';
import type { SourceContext, SourceEntry } from './entry.js';
import { guest } from './guest/source.js';
import { hist } from './hist/source.js';
import { replay } from './replay/source.js';
import { userspaceExit } from './userspace-exit.js';

/** Sources by name, the best first. */
export const SOURCES = { hist, 'userspace-exit': userspaceExit, guest, replay } as const;

export type SourceName = keyof typeof SOURCES;
export const SOURCE_NAMES = Object.keys(SOURCES) as SourceName[];

type Shape = Intersected<(typeof SOURCES)[SourceName]['settings']>;

/** The sections of all sources in the configuration. */
export const SOURCE_SETTINGS = Object.assign({}, ...Object.values(SOURCES).map(({ settings }) => settings)) as Shape;

export type SourceOptions = SourceContext & SettingsOf<Shape>;

export function createSource(name: SourceName, options: SourceOptions): Source {
  return SOURCES[name].create(options);
}

/** Returns the setting that the source needs and was not given. */
export function missingSourceSetting(
  name: SourceName,
  settings: Omit<SourceOptions, keyof SourceContext>,
): MissingSetting | undefined {
  const { missing }: { missing?: SourceEntry<Shape>['missing'] } = SOURCES[name];
  return missing?.(settings);
}
