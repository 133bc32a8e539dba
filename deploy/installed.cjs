/**
 * Takes a bill of materials of npm's lock file (CycloneDX) on standard input, and prints it without what is not installed
 * in the working directory. `npm sbom --omit=...` is no way to that: it leaves out also what is installed, where something
 * that is omitted asks for it too.
 */
const { existsSync, readFileSync } = require('node:fs');

const bom = JSON.parse(readFileSync(0, 'utf8'));
const isHere = ({ properties }) => existsSync(properties.find(({ name }) => name === 'cdx:npm:package:path').value);
const components = bom.components.filter(isHere);
const here = new Set([bom.metadata.component, ...components].map((component) => component['bom-ref']));
const dependencies = bom.dependencies
  .filter(({ ref }) => here.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => here.has(one)) }));
process.stdout.write(`${JSON.stringify({ ...bom, components, dependencies }, undefined, 2)}\n`);
