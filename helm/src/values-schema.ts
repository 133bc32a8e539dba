/** `values.schema.json`, by which Helm refuses a mistyped value by its name. */
import { z } from 'zod';
import { valuesSchema } from './values.js';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What the settings' own types accept; the programs say more of it than JSON Schema can. */
const KINDS: Readonly<Record<string, JsonSchema>> = {
  duration: { type: 'string', pattern: '^[0-9]+([.][0-9]+)? ?(ms|s|m|h|d)$' },
  size: { type: 'string', pattern: '^[0-9]+([.][0-9]+)? ?(B|KiB|MiB|GiB)$' },
  URL: { type: 'string', pattern: '^https?://[^@]+$' },
  // Never the text itself: values end in ConfigMaps and in the release's history.
  secret: {
    type: 'object',
    properties: { file: { type: 'string', pattern: '^/' } },
    required: ['file'],
    additionalProperties: false,
  },
};

/** Of the draft that all releases of Helm 3 know. */
export function valuesJsonSchema(): JsonSchema {
  return z.toJSONSchema(valuesSchema, { target: 'draft-07', io: 'input', override: adapt });
}

function adapt({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  const { kind } = jsonSchema as { kind?: string };
  const known = kind === undefined ? undefined : KINDS[kind];
  if (known) {
    for (const key of ['anyOf', 'type']) Reflect.deleteProperty(jsonSchema, key);
    Object.assign(jsonSchema, known);
  }
  Reflect.deleteProperty(jsonSchema, 'kind');
  // values.yaml has the chart's defaults, and the programs have theirs.
  Reflect.deleteProperty(jsonSchema, 'default');
}
