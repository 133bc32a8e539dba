/** Looking into zod schemas: what is behind defaults and optionals, and which keys an object knows. */
import { z } from 'zod';

/** A schema without its wrappers, and what the wrappers and the schema itself say. */
export interface Unwrapped {
  schema: z.core.$ZodType;
  description: string;
  /** Set by the types of this workspace (`duration`, `secret` ...). */
  kind: string | undefined;
  /** The default, as one would write it in the file; undefined when there is none. */
  fallback: unknown;
  optional: boolean;
}

/** Takes off default, prefault and optional; the outermost word counts. */
export function unwrap(schema: z.core.$ZodType): Unwrapped {
  const meta = z.globalRegistry.get(schema);
  const outer = { description: meta?.description, kind: meta?.['kind'] as string | undefined };
  if (
    schema instanceof z.core.$ZodDefault ||
    schema instanceof z.core.$ZodPrefault ||
    schema instanceof z.core.$ZodOptional
  ) {
    const inner = unwrap(schema._zod.def.innerType);
    return {
      ...inner,
      description: outer.description ?? inner.description,
      kind: outer.kind ?? inner.kind,
      fallback: schema instanceof z.core.$ZodOptional ? inner.fallback : schema._zod.def.defaultValue,
      optional: inner.optional || schema instanceof z.core.$ZodOptional,
    };
  }
  return { schema, description: outer.description ?? '', kind: outer.kind, fallback: undefined, optional: false };
}

/**
 * Lists the keys of the object that stands at a path, those of each alternative of a union; empty where none stands.
 */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let level = alternatives(schema);
  for (const step of path) level = level.flatMap((at) => into(at, step)).flatMap(alternatives);
  return level.flatMap((at) => (at instanceof z.core.$ZodObject ? Object.keys(at._zod.def.shape) : []));
}

function alternatives(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { schema: bare } = unwrap(schema);
  return bare instanceof z.core.$ZodUnion ? bare._zod.def.options.flatMap(alternatives) : [bare];
}

function into(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType[] {
  if (schema instanceof z.core.$ZodArray) return [schema._zod.def.element];
  const next = schema instanceof z.core.$ZodObject ? schema._zod.def.shape[String(step)] : undefined;
  return next ? [next] : [];
}
