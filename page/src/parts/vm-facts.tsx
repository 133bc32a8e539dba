/** Facts about a VM, and the evidence for its figures. */
import type { Vm } from '../api/answers.js';
import { MODE_WORDS, count, dateTime } from '../words.js';

const UNLIMITED = '18446744073709551615';

export function VmFacts({ vm }: { vm: Vm }) {
  const { facts } = vm;
  const rows: [string, string | null][] = [
    ['UUID', vm.uuid || 'none'],
    ['Life', vm.life],
    ['QEMU’s pid', String(vm.tgid)],
    ...(facts
      ? ([
          ['TCE tables in the kernel', facts.tceTables === null ? null : String(facts.tceTables)],
          ['VFIO groups', facts.vfioGroups && (facts.vfioGroups.join(', ') || 'none')],
          ['Locked memory limit', facts.memlockBytes && memlock(facts.memlockBytes)],
          ['QEMU', facts.qemu],
          ['MMU', facts.mmu],
          ['vCPUs', facts.vcpus === null ? null : String(facts.vcpus)],
          ['libvirt domain', facts.libvirtDomain],
          ['Pod', facts.podUid],
          ['Observed', `${dateTime(facts.observedAt)} UTC`],
        ] satisfies [string, string | null][])
      : []),
  ];
  return (
    <section aria-label="What is known of the VM">
      <h2>The VM</h2>
      {!facts && <p class="quiet">The agent could not look at its process.</p>}
      <dl class="facts many">
        {rows.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value ?? <span class="quiet">not known</span>}</dd>
          </>
        ))}
        {vm.evidence.map(({ mode, hypercall, evidence, reason }) => (
          <>
            <dt>
              {MODE_WORDS[mode]} {hypercall && `of ${hypercall}`}
            </dt>
            <dd>
              {evidence} {reason && <code>{reason}</code>}
            </dd>
          </>
        ))}
      </dl>
    </section>
  );
}

function memlock(bytes: string): string {
  return bytes === UNLIMITED ? 'unlimited' : `${count(Number(bytes) / 1024 / 1024)} MiB`;
}
