/**
 * The chart's values as a schema, and `values.schema.json` made of it, by which Helm refuses a mistyped value by its name.
 * What goes into a configuration is that program's own schema; what Kubernetes itself checks is taken as it comes.
 */
import { agentSchema } from '@tcewatch/agent';
import { collectorSchema } from '@tcewatch/collector';
import { z } from 'zod';

/** A group of values. Any may be left out: the chart has a default for each. */
const group = <S extends z.core.$ZodLooseShape>(shape: S) => z.strictObject(shape).partial();

const text = z.string();
const flag = z.boolean();
const texts = z.record(z.string(), z.string());
const kubernetes = z.record(z.string(), z.unknown());
const kubernetesList = z.array(kubernetes);
const count = z.int().min(0);
const positive = z.int().min(1);
const secretName = z.string().regex(/^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$/);
const absolutePath = z.string().regex(/^\//);
const quantity = z.union([z.string().regex(/^[0-9.]+([EPTGMk]i?|m)?$/), z.number()]);

/** The agent's configuration: one definition in the JSON Schema, since each pool has one. */
const agentConfig = agentSchema.meta({ id: 'AgentConfig' });

const image = group({
  repository: z.string().regex(/^[a-z0-9]([-a-z0-9._/:]*[a-z0-9])?$/),
  tag: z.string().regex(/^([A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?$/),
  digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
});

const amounts = group({ cpu: quantity, memory: quantity, 'ephemeral-storage': quantity });
const resources = group({ requests: amounts, limits: amounts });

const serviceAccount = group({ create: flag, name: text, annotations: texts });

/** Values that agent and collector both have. */
const workload = {
  enabled: flag,
  image,
  /** Secrets by a name that can be a part of a volume's. */
  secrets: z.record(z.string().regex(/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/), secretName.min(1)),
  env: z.array(z.looseObject({ name: z.string().min(1) })),
  resources,
  nodeSelector: texts,
  tolerations: z.array(
    group({ key: text, operator: z.enum(['Exists', 'Equal']), value: text, effect: text, tolerationSeconds: count }),
  ),
  affinity: group({ nodeAffinity: kubernetes, podAffinity: kubernetes, podAntiAffinity: kubernetes }),
  priorityClassName: text,
  terminationGracePeriodSeconds: positive,
  serviceAccount,
  podAnnotations: texts,
  podLabels: texts,
  extraVolumes: kubernetesList,
  extraVolumeMounts: kubernetesList,
};

/** Name of a pool: short, since it is a part of names of resources, which have at most 63 characters. */
const poolName = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,14}[a-z0-9])?$/);

const agent = group({
  ...workload,
  config: agentConfig,
  pools: z.record(poolName, group({ config: agentConfig, resources })),
  poolLabel: z.string().min(1),
  priorityClass: group({ create: flag, value: z.int().max(1_000_000_000) }),
  updateStrategy: group({ type: z.enum(['RollingUpdate', 'OnDelete']), rollingUpdate: kubernetes }),
  hostPaths: group({ state: absolutePath, outbox: absolutePath, machineId: absolutePath }),
  appArmorProfile: group({ type: z.enum(['Unconfined', 'RuntimeDefault', 'Localhost']), localhostProfile: text }),
  seLinuxOptions: group({ user: text, role: text, type: text, level: text }),
  seccompProfile: group({ type: z.enum(['Unconfined', 'RuntimeDefault', 'Localhost']), localhostProfile: text }),
});

const collector = group({
  ...workload,
  config: collectorSchema,
  embedded: group({
    enabled: flag,
    persistence: group({ enabled: flag, size: quantity, storageClassName: text }),
  }),
  replicas: count,
  autoscaling: group({
    enabled: flag,
    minReplicas: positive,
    maxReplicas: positive,
    targetCPUUtilizationPercentage: count,
    lag: group({ enabled: flag, metric: z.string().min(1), recordsPerReplica: positive }),
    behavior: group({ scaleUp: kubernetes, scaleDown: kubernetes }),
  }),
  podDisruptionBudget: group({
    enabled: flag,
    maxUnavailable: z.union([count, z.string().regex(/^\d+%$/)]),
  }),
  topologySpreadConstraints: kubernetesList,
  runAsUser: positive,
  service: group({ type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']), annotations: texts }),
  migration: group({ enabled: flag, activeDeadlineSeconds: positive, backoffLimit: count }),
});

const clickhouseInstallation = group({
  enabled: flag,
  image: z.string().min(1),
  shards: positive,
  replicas: positive,
  keeper: z.array(z.strictObject({ host: z.string().min(1), port: positive.optional(), secure: flag.optional() })),
  existingSecret: secretName,
  key: z.string().min(1),
  storage: group({ size: quantity, storageClassName: text }),
  resources,
});

const strimzi = group({
  enabled: flag,
  apiVersion: z.string().regex(/^kafka\.strimzi\.io\//),
  cluster: z.string().min(1),
  port: positive,
  authentication: z.enum(['scram-sha-512', 'tls']),
  topicConfig: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

export const valuesSchema = group({
  /** Values that Helm passes on where the chart is a part of another. */
  global: kubernetes,
  nameOverride: text,
  fullnameOverride: text,
  commonLabels: texts,
  image: group({
    registry: text,
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    pullSecrets: z.array(z.strictObject({ name: secretName.min(1) })),
  }),
  intakeToken: group({ existingSecret: secretName, key: z.string().min(1), create: flag }),
  agent,
  collector,
  prometheus: group({
    annotations: flag,
    monitors: flag,
    labels: texts,
    interval: z.string().regex(/^\d+(ms|s|m|h)$/),
    endpoint: kubernetes,
    rules: group({ enabled: flag, runbookUrl: z.string().regex(/^https?:\/\//) }),
  }),
  grafana: group({
    dashboards: group({ enabled: flag, label: z.string().min(1), labelValue: text, annotations: texts }),
  }),
  networkPolicy: group({ enabled: flag, from: kubernetesList, to: kubernetesList, extraEgress: kubernetesList }),
  strimzi,
  clickhouseInstallation,
  extraManifests: z.array(z.union([text, kubernetes])),
});

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Texts that the types of settings accept, as far as JSON Schema can say it; the programs check the rest. */
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

/** JSON Schema of the values, in the draft that all releases of Helm 3 know. */
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
