#!/usr/bin/env node
/**
 * Tells which dependencies are not the newest, and by which reason. Fails where there is none: then raise them, or write
 * the reason here.
 */
import { spawnSync } from 'node:child_process';

/** @type {Readonly<Record<string, string>>} */
const HELD_BACK = {
  '@bufbuild/protobuf': 'is of one version with its generator, protoc-gen-es',
  '@bufbuild/protoc-gen-es': 'needs Node 22 from 2.14 on',
  '@fastify/static': 'version 10 needs Node 22, by what it depends on',
  '@opentelemetry/api': 'the SDK for Node 20 (0.223) asks for less than 1.10',
  '@opentelemetry/core': 'the SDK for Node 20 (0.223) comes with 2.12.0',
  '@opentelemetry/resources': 'the SDK for Node 20 (0.223) comes with 2.12.0',
  '@opentelemetry/sdk-metrics': 'the SDK for Node 20 (0.223) comes with 2.12.0',
  '@types/node': 'is of Node 20, the oldest that the programs run on',
  vite: '8.4.0 asks for a package that the registry does not have (napi-windows-process-start-time)',
};

const args = ['outdated', '--json', '--workspaces', '--include-workspace-root'];
const { stdout } = spawnSync('npm', args, { encoding: 'utf8' });
/** @type {[string, { current: string, latest: string } | { current: string, latest: string }[]][]} */
const found = Object.entries(JSON.parse(stdout || '{}'));
for (const [name, dependents] of found) {
  const { current, latest } = /** @type {{ current: string, latest: string }} */ ([dependents].flat()[0]);
  if (current.replace(/^v/, '') === latest) continue;
  const reason = HELD_BACK[name];
  console.log(`${name} ${current}, newest ${latest}: ${reason ?? 'nothing holds it back'}`);
  if (reason === undefined) process.exitCode = 1;
}
