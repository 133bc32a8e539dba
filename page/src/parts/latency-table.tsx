/** How long calls took, where the source measures it. */
import type { Latency } from '../api/answers.js';
import { count, duration, rate } from '../words.js';

const SPANS = { handled: 'in the kernel', round_trip: 'through userspace and back' } as const;

export function LatencyTable({ latency, over }: { latency: Latency; over: string }) {
  const { lostMsPerSecond, seconds } = latency;
  const spans = latency.spans.filter(({ calls }) => calls > 0);
  return (
    <>
      <h3>Latency</h3>
      <p>
        {lostMsPerSecond === null
          ? 'Its source of counts does not measure how long round trips to userspace take.'
          : `Its threads together spent ${rate(lostMsPerSecond)} ms of each second on round trips to userspace` +
            `${seconds === null ? '' : `, over ${duration(seconds)}`}.`}
      </p>
      {spans.length > 0 && (
        <div class="scrolls" role="region" aria-label="Latency by mode" tabIndex={0}>
          <table class="figures">
            <caption>Time of calls {over}</caption>
            <thead>
              <tr>
                <th scope="col">Hypercall</th>
                <th scope="col">Handled</th>
                <th scope="col" class="number">
                  Measured
                </th>
                <th scope="col" class="number">
                  Not measured
                </th>
                <th scope="col" class="number">
                  Median
                </th>
                <th scope="col" class="number">
                  99 %
                </th>
              </tr>
            </thead>
            <tbody>
              {spans.map(({ span, hypercall, calls, unmeasured, p50, p99 }) => (
                <tr key={`${span} ${hypercall}`}>
                  <th scope="row">{hypercall}</th>
                  <td>{SPANS[span]}</td>
                  <td class="number">{count(calls)}</td>
                  <td class="number">{unmeasured === null ? 'unobservable' : count(unmeasured)}</td>
                  <td class="number">{boundsWords(p50)}</td>
                  <td class="number">{boundsWords(p99)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function boundsWords(bounds: { aboveUs: number; upToUs: number | null } | null): string {
  if (bounds === null) return 'not measured';
  return bounds.upToUs === null
    ? `> ${count(bounds.aboveUs)} µs`
    : `${count(bounds.aboveUs)}–${count(bounds.upToUs)} µs`;
}
