/** The arrows of docs/architecture.md, held by `npm run lint`. */
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^${from}` },
  to: { path: '^(protocol|config|recordings|agent|collector|demo|bench|lab)/', pathNot: to.map((t) => `^${t}`) },
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
    { name: 'no-dev', severity: 'error', from: { path: '/src/' }, to: { dependencyTypes: ['npm-dev'] } },
    only('protocol-depends-on-nothing', 'protocol/', ['protocol/'], 'protocol is what agent and collector share'),
    only('config-depends-on-nothing', 'config/', ['config/'], 'config knows no program'),
    only('recordings-depend-on-nothing', 'recordings/', ['recordings/'], 'recordings are data'),
    only(
      'agent-knows-protocol-and-config',
      'agent/',
      ['agent/', 'protocol/', 'config/'],
      'nothing flows back from the collector',
    ),
    only(
      'collector-knows-protocol-and-config',
      'collector/',
      ['collector/', 'protocol/', 'config/'],
      'the agent is known by its batches',
    ),
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
