/** When calls of a VM count as a fallback, and a host as silent: the thresholds. */

/** Times in nanoseconds: of the host's uptime, those of silence of the collector's clock. */
export interface Rules {
  /** Whether alerts are made at all. */
  enabled: boolean;
  /** Least share of the calls of a VM, or of one of its LIOBNs, that went to userspace. */
  minShare: number;
  /** Below this share the calls of an alert that fires count as handled again. */
  clearShare: number;
  /** Least share of an alert that is critical. */
  criticalShare: number;
  /** Least punts a second. */
  minRate: number;
  /**
   * Least punts a second where real mode cannot be observed. There the calls that are seen are not all calls: of a
   * healthy VM in real mode nothing is seen but the few that go to userspace, which is a share of 100 %.
   */
  minRateBlind: number;
  /** How long it must hold before an alert fires. */
  forNs: bigint;
  /** How long it must not hold before the alert resolves. */
  keepFiringForNs: bigint;
  /** A host that was not heard of for so long is silent; at least three of its intervals. */
  silentAfterNs: bigint;
  /** A host that was silent for so long is taken for one that was removed. */
  forgetAfterNs: bigint;
}

const SECOND = 1_000_000_000n;

export const DEFAULT_RULES: Readonly<Rules> = {
  enabled: true,
  minShare: 0.1,
  clearShare: 0.05,
  criticalShare: 0.9,
  minRate: 1,
  minRateBlind: 100,
  forNs: 10n * SECOND,
  keepFiringForNs: 60n * SECOND,
  silentAfterNs: 90n * SECOND,
  forgetAfterNs: 7n * 86_400n * SECOND,
};
