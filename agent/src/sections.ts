/** Sections of the configuration that sources and transports bring with their entries in a registry. */
import type { z } from 'zod';

/** Schemas of sections by name; two entries that share a section give the same schema. */
export type SettingsShape = Readonly<Record<string, z.ZodType>>;

export type SettingsOf<Shape extends SettingsShape> = { readonly [Name in keyof Shape]: z.output<Shape[Name]> };

/** A setting that cannot be done without. */
export interface MissingSetting {
  path: string[];
  /** Remedy, in the imperative. */
  fix: string;
}

/** All members of a union at once. */
export type Intersected<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All extends SettingsShape
    ? All
    : never
  : never;
