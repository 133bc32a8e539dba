/** The arrows of docs/architecture.md, held by `npm run lint`. */
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^${from}src/` },
  to: {
    path: '^(protocol|common|kafka|opentelemetry|recordings|agent|page|collector|testing|demo|bench|lab|dashboards|soak|helm|reference)/',
    pathNot: to.map((t) => `^${t}`),
  },
});

/**
 * The floors of a folder, from the top down: what stands on one may know what stands below it, and nothing beside it or
 * above it. So there is no arrow back up and no circle between folders. A name that ends in / is a folder.
 */
const floors = (folder, list) => {
  const pattern = (names) =>
    `^${folder}/(${names.map((name) => (name.endsWith('/') ? name : `${name}\\.ts$`)).join('|')})`;
  const looksDown = list.flatMap((names, floor) =>
    names.map((name) => ({
      name: `${folder}: ${name} looks down`,
      comment: list.map((beside) => beside.join(' ')).join(' > '),
      severity: 'error',
      from: { path: pattern([name]) },
      to: {
        path: pattern([...list.slice(0, floor).flat(), ...names].filter((other) => other !== name).concat('(?!)')),
      },
    })),
  );
  const isOnOne = {
    name: `${folder}: each file is on a floor`,
    severity: 'error',
    from: { path: `^${folder}/`, pathNot: pattern(list.flat()) },
    to: {},
  };
  return [...looksDown, isOnOne];
};

module.exports = {
  forbidden: [
    ...floors('collector/src', [
      ['main', 'index'],
      ['cli/'],
      ['collector'],
      ['http/', 'metrics/'],
      ['intake/', 'api/', 'log'],
      ['pipeline', 'config/', 'bearer-auth'],
      ['notifier/', 'guests/', 'embedded-clickhouse/'],
      ['store/'],
      ['model'],
      ['alerts/'],
      ['hosts/'],
      ['errors', 'time', 'group-by'],
    ]),
    ...floors('collector/src/alerts', [
      ['index'],
      ['telemetry-silent/', 'config', 'body'],
      ['detector'],
      ['host'],
      ['acceleration/', 'counts-incomplete', 'duplicate-identity'],
      ['causes/', 'policy'],
      ['rules', 'event'],
      ['table'],
    ]),
    ...floors('collector/src/store', [
      ['index'],
      ['store'],
      ['writer', 'sql'],
      ['select/', 'schema/', 'encode/'],
      ['client', 'rows', 'latency', 'group-commit', 'retry', 'quote'],
      ['errors', 'types', 'times'],
    ]),
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '/src/', pathNot: ['index\\.ts$', 'main\\.ts$', '/bin/'] },
      to: {},
    },
    {
      name: 'no-unlisted',
      severity: 'error',
      from: { path: '/src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'], pathNot: '^[a-z]+/src/' },
    },
    {
      name: 'no-dev',
      comment: 'what the page is made of is in its bundle; testing is part of no program',
      severity: 'error',
      from: { path: '/src/', pathNot: '^(page|testing)/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    only('protocol-depends-on-nothing', 'protocol/', ['protocol/'], 'protocol is what agent and collector share'),
    only('common-depends-on-nothing', 'common/', ['common/'], 'common knows no program'),
    only('kafka-knows-only-common', 'kafka/', ['kafka/', 'common/'], 'kafka knows no program and no batch'),
    only(
      'opentelemetry-knows-only-common',
      'opentelemetry/',
      ['opentelemetry/', 'common/'],
      'opentelemetry knows no program and no batch',
    ),
    only('recordings-depend-on-nothing', 'recordings/', ['recordings/'], 'recordings are data'),
    only(
      'agent-knows-what-is-shared',
      'agent/',
      ['agent/', 'protocol/', 'common/', 'kafka/', 'opentelemetry/'],
      'nothing flows back from the collector',
    ),
    only(
      'collector-knows-what-is-shared',
      'collector/',
      ['collector/', 'protocol/', 'common/', 'kafka/', 'opentelemetry/'],
      'the agent is known by its batches',
    ),
    only(
      'page-knows-only-the-vocabulary',
      'page/',
      ['page/', 'protocol/(src|dist)/(vocabulary|vm-state)'],
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
      name: 'opentelemetry-in-one-place',
      comment: 'where it is off, nothing of it is loaded',
      severity: 'error',
      from: { pathNot: '^(opentelemetry/(src/sdk|test)/|node_modules/)' },
      to: { path: 'node_modules/@opentelemetry/' },
    },
    {
      name: 'no-testing-in-programs',
      comment: 'brokers and the like are started by what tests and measures alone',
      severity: 'error',
      from: { path: '^[a-z]+/src/', pathNot: '^(testing|soak|bench|lab)/src/' },
      to: { path: '^testing/' },
    },
    {
      name: 'no-tests-of-others',
      comment: 'what the tests of several workspaces use is in testing/',
      severity: 'error',
      from: { path: '^([a-z]+)/' },
      to: { path: '^[a-z]+/test/', pathNot: '^$1/' },
    },
    only(
      'dashboards-know-the-programs',
      'dashboards/',
      ['dashboards/', 'agent/', 'collector/', 'protocol/'],
      'rules name what the programs export',
    ),
    only(
      'lab-knows-only-the-vocabulary',
      'lab/',
      ['lab/', 'protocol/', 'testing/src/(commands|poll|bound-child)'],
      'the lab counts by itself',
    ),
    only(
      'reference-knows-the-programs',
      'reference/',
      ['reference/', 'common/', 'agent/', 'collector/'],
      'pages are made from what the programs export',
    ),
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
