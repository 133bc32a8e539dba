/**
 * The stages of the tests. What is quick needs nothing but what npm brings; each other stage needs something real besides,
 * which scripts/set-up.sh installs and builds. Its tests are those in files `*.STAGE.test.ts`, or one command.
 *
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} needs What it needs that npm does not bring, in words for CONTRIBUTING.md.
 * @property {number} capMinutes When it is ended, with its set-up: the limit of whoever hangs, not of whoever is slow.
 * @property {string} cold How long it takes where nothing is there yet, on two cores.
 * @property {string} warm How long it takes where all is.
 * @property {boolean} [waits] Whether it waits more than it computes: it then runs beside those that compute.
 * @property {readonly string[]} [command] What it runs instead of test files; such a stage is for `--long` alone.
 */

/** What `npm test` runs. @type {Stage} */
export const QUICK = { name: 'quick', needs: 'nothing', capMinutes: 20, cold: '4 min', warm: '4 min' };

/** In the order in which they run; those that wait, beside the others. @type {readonly Stage[]} */
export const STAGES = [
  {
    name: 'soak',
    needs: 'Kafka: java, mvn, openssl, setpriv',
    capMinutes: 20,
    cold: '4 min',
    warm: '3 min',
    waits: true,
  },
  {
    name: 'lab',
    needs: 'root on Debian on x86_64: QEMU, mmdebstrap',
    capMinutes: 40,
    cold: '15 min',
    warm: '5 min',
    waits: true,
  },
  { name: 'slow', needs: 'nothing but minutes', capMinutes: 20, cold: '4 min', warm: '4 min' },
  { name: 'kafka', needs: 'Kafka: java, mvn, openssl, setpriv', capMinutes: 20, cold: '6 min', warm: '4 min' },
  {
    name: 'prometheus',
    needs: 'prometheus, promtool, alertmanager, amtool',
    capMinutes: 10,
    cold: '2 min',
    warm: '1 min',
  },
  { name: 'browser', needs: 'chromium', capMinutes: 10, cold: '3 min', warm: '90 s' },
  { name: 'go', needs: 'go 1.26', capMinutes: 15, cold: '4 min', warm: '30 s' },
  { name: 'kernel', needs: 'root on Linux on x86_64: gcc, nm', capMinutes: 10, cold: '2 min', warm: '1 min' },
  {
    name: 'packages',
    needs: 'root: systemd-analyze, rpm, dpkg-deb, go, java, mvn, promtool, amtool',
    capMinutes: 20,
    cold: '5 min',
    warm: '1 min',
  },
  {
    name: 'images',
    needs: 'root on Debian on x86_64: buildah, mmdebstrap, qemu-user',
    capMinutes: 40,
    cold: '8 min',
    warm: '2 min',
  },
  { name: 'guides', needs: 'root: Kafka, curl, ip, unshare, dpkg, go', capMinutes: 30, cold: '6 min', warm: '4 min' },
  { name: 'chart', needs: 'go: builds helm', capMinutes: 40, cold: '12 min', warm: '1 min' },
  { name: 'cluster', needs: 'go, mvn, java: builds a Kubernetes', capMinutes: 40, cold: '14 min', warm: '2 min' },
];

/** What `--long` adds. @type {readonly Stage[]} */
export const LONG_STAGES = [
  {
    name: 'node-versions',
    needs: 'Kafka: java, mvn, openssl, setpriv',
    capMinutes: 60,
    cold: '15 min',
    warm: '15 min',
    command: ['scripts/node-versions.sh', '22', '24', '26'],
  },
  {
    name: 'lab-suites',
    needs: 'root on Debian on x86_64: QEMU, mmdebstrap',
    capMinutes: 90,
    cold: '30 min',
    warm: '15 min',
    command: ['scripts/lab-suites.sh', 'bookworm', 'trixie', 'sid'],
  },
  {
    name: 'long-soak',
    needs: 'Kafka: java, mvn, openssl, setpriv',
    capMinutes: 60,
    cold: '32 min',
    warm: '31 min',
    command: ['node', 'soak/dist/main.js', '--minutes', '30'],
  },
];

/** Of all code, by all stages together. */
export const COVERAGE_FLOOR = { statements: 85, branches: 80, functions: 85, lines: 85 };
