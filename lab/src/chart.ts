/** How the chart has the agent run: the DaemonSet and the configuration of its rendered example `trial`. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { LabError } from './errors.js';

/** What Helm makes of helm/tcewatch/ci/trial-values.yaml; a test of the chart holds that it is. */
const RENDERED = fileURLToPath(new URL('../../helm/test/golden/trial.yaml', import.meta.url));

const volumeSchema = z.union([
  z.strictObject({ name: z.string(), configMap: z.object({ name: z.string() }) }),
  z.strictObject({
    name: z.string(),
    secret: z.object({ items: z.array(z.object({ key: z.string(), path: z.string() })) }),
  }),
  z.strictObject({
    name: z.string(),
    hostPath: z.object({ path: z.string(), type: z.enum(['Directory', 'File', 'DirectoryOrCreate']) }),
  }),
]);
const podSchema = z.object({
  hostPID: z.literal(true),
  securityContext: z.object({ runAsUser: z.int(), runAsGroup: z.int() }),
  containers: z.tuple([
    z.object({
      args: z.array(z.string()),
      env: z.array(
        z.union([
          z.strictObject({ name: z.string(), value: z.string() }),
          z.strictObject({
            name: z.string(),
            valueFrom: z.object({ fieldRef: z.object({ fieldPath: z.literal('spec.nodeName') }) }),
          }),
        ]),
      ),
      // Strict: what is granted here and not carried over would be less than the chart's.
      securityContext: z.strictObject({
        allowPrivilegeEscalation: z.boolean(),
        readOnlyRootFilesystem: z.boolean(),
        capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]), add: z.array(z.string()) }),
      }),
      volumeMounts: z.array(
        z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().default(false) }),
      ),
    }),
  ]),
  volumes: z.array(volumeSchema),
});

export type Volume = z.infer<typeof volumeSchema>;
export type Pod = z.infer<typeof podSchema>;

/** The volume that a mount names. */
export function volumeOf({ volumes }: Pod, { name }: { name: string }): Volume {
  const volume = volumes.find((one) => one.name === name);
  if (!volume) throw new LabError(`the chart mounts ${name}, which is none of its volumes`);
  return volume;
}

export interface AgentOfChart {
  pod: Pod;
  /** agent.yaml of its ConfigMap. */
  config: { collector: object };
}

const documentSchema = z.object({ kind: z.string(), metadata: z.object({ name: z.string() }) });
const daemonSetSchema = z.object({ spec: z.object({ template: z.object({ spec: podSchema }) }) });
const configSchema = z.looseObject({ collector: z.looseObject({}) });
const configMapSchema = z.object({ data: z.object({ 'agent.yaml': z.string() }) });

export async function readChart(): Promise<AgentOfChart> {
  const all = parseAllDocuments(await readFile(RENDERED, 'utf8')).map((document) => document.toJS() as unknown);
  const find = (kind: string): unknown =>
    all.find((one) => {
      const { data } = documentSchema.safeParse(one);
      return data?.kind === kind && data.metadata.name.endsWith('-agent');
    });
  const { data } = configMapSchema.parse(find('ConfigMap'));
  return {
    pod: daemonSetSchema.parse(find('DaemonSet')).spec.template.spec,
    config: configSchema.parse(parse(data['agent.yaml'])),
  };
}
