#!/usr/bin/env node
/**
 * Runs the tests by stages (scripts/stages.js).
 *
 *     node scripts/test.js                the quick ones: `npm test`
 *     node scripts/test.js --all          all stages: `npm run test:all`
 *     node scripts/test.js --all kafka    one stage, with its set-up
 *
 * Of `--all` stages that compute run one after the other, and beside them those that wait. `--long` adds what takes more
 * than a change should wait for. `--after-quick` takes the results of the `npm test` before it. `--minutes N` ends all after
 * that time. What a stage says while others run goes to coverage/NAME.log, and is shown when it ends. The last line is
 * `N passed, N failed`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { COVERAGE_FLOOR, LONG_STAGES, QUICK, STAGES } from './stages.js';

/** @typedef {import('./stages.js').Stage} Stage */
/** @typedef {{ passed: number, failed: number, skipped: number }} Sum */

const REPORTS = 'coverage/reports';
const RESULTS = 'coverage/results';
const CLOSING_LINE = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/m;
/** Exit status of set-up.sh where a stage cannot be run on this machine at all. */
const CANNOT = 3;
const inCi = process.env['CI'] === 'true';

const { values: options, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    'after-quick': { type: 'boolean', default: false },
    minutes: { type: 'string', default: '600' },
  },
});
const deadline = Date.now() + Number(options.minutes) * 60_000;

/** @returns {readonly Stage[]} */
function chosen() {
  const known = [QUICK, ...STAGES, ...LONG_STAGES];
  if (asked.length > 0) {
    return asked.map((name) => {
      const stage = known.find((one) => one.name === name);
      if (stage) return stage;
      console.error(`there is no stage ${name}, but ${known.map((one) => one.name).join(', ')}`);
      process.exit(2);
    });
  }
  const quick = options['after-quick'] ? [] : [QUICK];
  return options.all ? [...quick, ...STAGES, ...(options.long ? LONG_STAGES : [])] : quick;
}

/** The vitest run of a stage; its coverage counts for all stages together. @param {Stage} stage @param {boolean} whole */
function commandOf({ name, command }, whole) {
  if (command) return command;
  const coverage = ['--coverage', `--coverage.reportsDirectory=coverage/${name}`, '--coverage.reporter=none'];
  const blob = ['--reporter=blob', `--outputFile.blob=${REPORTS}/${name}.json`];
  const reporters = ['--reporter=default', '--reporter=./scripts/closing-line.ts'];
  return ['npx', 'vitest', 'run', '--project', name, ...reporters, ...(whole ? [...coverage, ...blob] : [])];
}

/** Runs to its end or to a time, and is ended with all that it started. @param {readonly string[]} command @param {string} log @param {number} until */
async function run([program = '', ...args], log, until) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const file = createWriteStream(log, { flags: 'a' });
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const end = (/** @type {NodeJS.Signals} */ signal) => {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  };
  running.add(end);
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      end('SIGTERM');
      setTimeout(() => end('SIGKILL'), 10_000).unref();
    },
    Math.max(0, until - Date.now()),
  );
  const status = await new Promise((resolve) => {
    child.once('error', (error) => {
      file.write(`${String(error)}\n`);
      resolve(1);
    });
    child.once('close', resolve);
  });
  clearTimeout(timer);
  running.delete(end);
  await new Promise((resolve) => file.end(resolve));
  return late ? 'late' : status;
}

/** @type {Set<(signal: NodeJS.Signals) => void>} */
const running = new Set();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.once(signal, () => {
    for (const end of running) end(signal);
    process.exit(130);
  });
}

/** @param {Stage} stage @param {boolean} whole @returns {Promise<Sum & { left?: string | undefined }>} */
async function runStage(stage, whole) {
  const { name, capMinutes } = stage;
  const log = `${RESULTS}/${name}.log`;
  const began = Date.now();
  const until = Math.min(deadline, began + capMinutes * 60_000);
  const said = () => readFileSync(log, 'utf8');
  rmSync(log, { force: true });
  const setUp = name === QUICK.name ? 0 : await run(['scripts/set-up.sh', 'do', name], log, until);
  const seconds = () => Math.round((Date.now() - began) / 1000);
  if (setUp === CANNOT && !inCi && asked.length === 0) return { passed: 0, failed: 0, skipped: 0, left: said().trim() };
  const setUpSeconds = seconds();
  const status = setUp === 0 ? await run(commandOf(stage, whole), log, until) : setUp;
  process.stdout.write(
    `\n=== stage ${name}: ${setUpSeconds} s of set-up, ${seconds() - setUpSeconds} s of tests\n${said()}`,
  );
  if (status === 'late') console.log(`the stage ${name} was ended after ${seconds()} s`);
  if (stage.command) return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  return sumOf(log, status);
}

/** What vitest said last in a log; no such line, or another status than 0, is a failure. @param {string} log @param {unknown} status */
function sumOf(log, status) {
  const closing = existsSync(log) ? CLOSING_LINE.exec(readFileSync(log, 'utf8')) : null;
  const [, passed = 0, failed = 0, skipped = 0] = (closing ?? []).map(Number);
  return { passed, failed: Math.max(failed, status === 0 && closing ? 0 : 1), skipped };
}

/** Whether all stages together have run as much of the code as they must. */
function coverageHolds() {
  const floor = Object.entries(COVERAGE_FLOOR).map(([of, percent]) => `--coverage.thresholds.${of}=${percent}`);
  const merge = ['vitest', 'run', `--merge-reports=${REPORTS}`, '--reporter=dot', '--coverage', ...floor];
  const { status, stdout, stderr } = spawnSync('npx', [...merge, '--coverage.reportsDirectory=coverage/whole'], {
    encoding: 'utf8',
  });
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => /%|ERROR/.test(line));
  console.log(`\n=== coverage of all stages\n${lines.join('\n')}`);
  const belowFloor = lines.some((line) => /does not meet/.test(line));
  if (lines.length === 0) console.log(`${stdout}${stderr}`);
  return lines.length > 0 && !belowFloor && (status === 0 || anyFailed);
}

/** @param {readonly Stage[]} stages */
function sayWhatIsInstalled(stages) {
  for (const { name } of stages.filter((stage) => stage !== QUICK)) {
    const { stdout, stderr } = spawnSync('scripts/set-up.sh', ['list', name], { encoding: 'utf8' });
    const things = `${stdout}${stderr}`.trim().split('\n').filter(Boolean);
    if (things.length > 0) console.log(`stage ${name} installs or builds, unless it is there: ${things.join('; ')}`);
  }
}

const stages = chosen();
const whole = inCi || (options.all && asked.length === 0);
mkdirSync(RESULTS, { recursive: true });
if (!options['after-quick'] && whole) rmSync(REPORTS, { recursive: true, force: true });
sayWhatIsInstalled(stages);

/** @type {Sum} */
const sum = options['after-quick'] ? sumOf(`${RESULTS}/${QUICK.name}.log`, 0) : { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const left = [];
/** @param {readonly Stage[]} lane */
const runLane = async (lane) => {
  for (const stage of lane) {
    const result = await runStage(stage, whole);
    sum.passed += result.passed;
    sum.failed += result.failed;
    sum.skipped += result.skipped;
    if (result.left !== undefined) left.push(result.left);
  }
};
await Promise.all([runLane(stages.filter((one) => one.waits)), runLane(stages.filter((one) => !one.waits))]);
const anyFailed = sum.failed > 0;
if (options.all && asked.length === 0 && left.length === 0 && !coverageHolds()) sum.failed++;
for (const one of left) console.log(`left out: ${one}`);
if (!options.all) {
  const others = STAGES.map(({ name }) => name).join(', ');
  console.log(`not run: the stages ${others}; \`npm run test:all\` runs them, \`npm run test:all -- kafka\` one`);
}
process.exitCode = sum.failed > 0 ? 1 : 0;
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
