/** Alerts, as the collector sends them while the page is visible. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Alert } from './answers.js';
import { UnauthorizedError, askStream } from './client.js';
import { Access } from './poll.js';
import type { Polled } from './poll.js';

/** Until a stream that ended is asked for again, in milliseconds; doubled at each failure up to the longest. */
const AGAIN_MS = { first: 500, longest: 10_000 };

/** Newest alert first. The newest 200 there were when it began, and all that changed since. */
export function useAlerts(): Polled<Alert[]> {
  const { key, refused } = useContext(Access);
  const [state, setState] = useState<Polled<Alert[]>>({ body: undefined, error: undefined });
  useEffect(() => {
    let stop = new AbortController();
    let delay = AGAIN_MS.first;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const follow = async ({ signal }: AbortController): Promise<void> => {
      try {
        const stream = await askStream('/v1/alerts/stream', signal);
        const events = stream
          .pipeThrough(new TextDecoderStream())
          .pipeThrough(new EventSourceParserStream())
          .getReader();
        for (let read = await events.read(); !read.done; read = await events.read()) {
          delay = AGAIN_MS.first;
          const told = JSON.parse(read.value.data) as Alert[];
          setState((last) => ({ body: merged(last.body ?? [], told), error: undefined }));
        }
        throw new Error('it ended the stream of alerts');
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof UnauthorizedError) {
          refused();
          return;
        }
        setState(({ body }) => ({ body, error: error as Error }));
        timer = setTimeout(() => void follow(stop), delay);
        delay = Math.min(2 * delay, AGAIN_MS.longest);
      }
    };
    // A tab that nobody sees would keep one of the few connections that a browser has to an origin.
    const onVisible = (): void => {
      stop.abort();
      clearTimeout(timer);
      if (document.hidden) return;
      stop = new AbortController();
      void follow(stop);
    };
    document.addEventListener('visibilitychange', onVisible);
    onVisible();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, [key]);
  return state;
}

/** Merges alerts: the highest revision of each, whatever comes twice or late. */
export function merged(known: readonly Alert[], told: readonly Alert[]): Alert[] {
  const alerts = new Map(known.map((alert) => [alert.alertId, alert]));
  for (const alert of told) {
    const other = alerts.get(alert.alertId);
    if (!other || other.revision < alert.revision) alerts.set(alert.alertId, alert);
  }
  return [...alerts.values()].sort((a, b) => b.firedAt.localeCompare(a.firedAt) || a.alertId.localeCompare(b.alertId));
}
