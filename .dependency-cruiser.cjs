/** The arrows of docs/architecture.md, held by `npm run lint`. */
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^${from}` },
  to: {
    path: '^(protocol|config|kafka|recordings|agent|page|collector|demo|bench|lab)/',
    pathNot: to.map((t) => `^${t}`),
  },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['index\\.ts$', 'main\\.ts$', '/bin/'] },
      to: {},
    },
    {
      name: 'no-unlisted',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'], pathNot: '^[a-z]+/src/' },
    },
    {
      name: 'no-dev',
      comment: 'what the page is made of is in its bundle',
      severity: 'error',
      from: { path: '/src/', pathNot: '^page/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    only('protocol-depends-on-nothing', 'protocol/', ['protocol/'], 'protocol is what agent and collector share'),
    only('config-depends-on-nothing', 'config/', ['config/'], 'config knows no program'),
    only('kafka-knows-only-config', 'kafka/', ['kafka/', 'config/'], 'kafka knows no program and no batch'),
    only('recordings-depend-on-nothing', 'recordings/', ['recordings/'], 'recordings are data'),
    only(
      'agent-knows-protocol-config-and-kafka',
      'agent/',
      ['agent/', 'protocol/', 'config/', 'kafka/'],
      'nothing flows back from the collector',
    ),
    only(
      'collector-knows-protocol-config-and-kafka',
      'collector/',
      ['collector/', 'protocol/', 'config/', 'kafka/'],
      'the agent is known by its batches',
    ),
    only(
      'page-knows-only-the-vocabulary',
      'page/',
      ['page/', 'protocol/(src|dist)/vocabulary'],
      'the page knows the collector by its answers',
    ),
    {
      name: 'kafkajs-in-one-place',
      comment: 'the library is to be replaceable',
      severity: 'error',
      from: { pathNot: '^(kafka/src/kafkajs/|node_modules/)' },
      to: { path: 'node_modules/kafkajs/' },
    },
    {
      name: 'no-brokers-in-programs',
      comment: 'brokers are started by tests alone',
      severity: 'error',
      from: { path: '^[a-z]+/src/', pathNot: '^kafka/src/testing/' },
      to: { path: '^kafka/src/testing/' },
    },
    only('lab-knows-only-the-vocabulary', 'lab/', ['lab/', 'protocol/'], 'the lab counts by itself'),
  ],
  options: {
    doNotFollow: { path: ['node_modules', 'dist'] },
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      conditionNames: ['tcewatch-source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
