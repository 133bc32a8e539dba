import { missingForBroker } from '@tcewatch/testing/kafka';
/** What a soak needs beyond Node. */

/** Why it cannot run here, in words; undefined when it can. */
export function whyNotHere(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, and this is ${process.platform}`;
  const missing = missingForBroker();
  return missing.length > 0 ? `${missing.join(', ')} not installed, which Kafka needs` : undefined;
}
