import { mkdtemp } from 'node:fs/promises';
import { bootHost, PASSED_DISKS } from './host.js';
import { cacheDirectory, provideImage } from './image.js';
import { startGuest, stopGuest, startLoad, stopLoad, awaitCalls, readIssued } from './guest.js';
import { startTracing, finishTracing } from './tracing.js';
const t0 = Date.now();
const say = (s: string) => console.log(`[${((Date.now() - t0) / 1000).toFixed(1)}] ${s}`);
const image = await provideImage('trixie', cacheDirectory(process.env), false);
say(`image ${image.directory} ${image.kernel}`);
const dir = await mkdtemp('/tmp/tcw/lab-run-');
const host = await bootHost(image, dir);
say('up ' + dir);
try {
  say(await host.run('uname -a; free -m; modprobe -a kvm-hv vfio_iommu_spapr_tce vfio-pci; ls /sys/bus/pci/devices; node --version'));
  await host.run(`for d in ${PASSED_DISKS.first} ${PASSED_DISKS.second}; do
      echo vfio-pci > /sys/bus/pci/devices/$d/driver_override; echo $d > /sys/bus/pci/drivers_probe; done; ls /dev/vfio`);
  await startTracing(host);
  say('tracing');
  const which = process.argv[2] ?? 'ref';
  const plans = [
    { name: 'vfa', uuid: '11111111-1111-4111-8111-111111111111', cpus: 1, passed: PASSED_DISKS.first },
    { name: 'hot', uuid: '22222222-2222-4222-8222-222222222222', cpus: 2, fault: 'hide-tce-vfio' as const },
    { name: 'ref', uuid: '33333333-3333-4333-8333-333333333333', cpus: 1, fault: 'refuse-tables' as const },
  ].filter((p) => which.includes(p.name));
  const guests = await Promise.all(plans.map(async (p) => { const g = await startGuest(host, p, 1); say(`${p.name} up ${g.tgid} ${g.threads}`); return g; }));
  for (const g of guests) await readIssued(host, g);
  say('read');
  for (const n of [100, 300, 600, 1200]) { await guests[0]!.shell.run('# ' + 'x'.repeat(n), 60000); say(`${n} characters`); }
  for (const n of [10, 30]) { await guests[0]!.shell.run('true\n'.repeat(n), 60000); say(`${n} lines`); }
  say(await guests[0]!.shell.run('ls /dev/nvme* /dev/sda; time dd if=/dev/nvme0n1 of=/dev/null bs=64k count=20 iflag=direct', 60000));
  say(await guests[0]!.shell.run('time dd if=/dev/sda of=/dev/null bs=64k count=20 iflag=direct', 60000));
  say(await guests[0]!.shell.run('time ping -c 3 10.0.2.2', 60000));
  say(await guests[0]!.shell.run('sleep 1 &', 60000));
  say(await guests[0]!.shell.run('sleep 1 >/dev/null 2>&1 & sleep 2 & true', 60000));
  for (const g of guests) await startLoad(g);
  say('loaded');
  await awaitCalls(guests, 3000); say('3000 calls');
  const hot = guests.find((g) => g.name === 'hot');
  if (hot) { await hot.qmp.execute('device_add', { driver: 'vfio-pci', host: PASSED_DISKS.second, id: 'plugged' }); say('plugged'); await awaitCalls([hot], 3000); say('3000 calls'); }
  for (const g of guests) { await stopLoad(g); say('unloaded ' + g.name); await readIssued(host, g); await stopGuest(host, g); say('stopped ' + g.name); }
  const ring = await finishTracing(host);
  say('counted');
  for (const g of guests) { console.log(g.name, g.threads.map((t) => ring.calls.get(t)), g.readings.map((r) => [g.threads.map((t) => JSON.stringify([...(ring.marks.get(r.from)?.get(t) ?? [])])), g.threads.map((t) => JSON.stringify([...(ring.marks.get(r.to)?.get(t) ?? [])])), r.issued])); }
  console.log([...ring.calls.keys()]);
} finally { await host.stop(); say('stopped'); }
