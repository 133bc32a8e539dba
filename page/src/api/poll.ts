/** Asks again and again, while somebody looks. */
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { createContext } from 'preact';
import type { Answer } from './client.js';
import { UnauthorizedError, ask } from './client.js';

export interface Polled<T> {
  /** The newest answer; it stays while later ones fail. */
  body: T | undefined;
  /** Why the newest question was not answered. */
  error: Error | undefined;
}

/** Context of the token: `refused` is called when the collector wants one, `key` changes when one was given. */
export const Access = createContext<{ key: number; refused: () => void }>({ key: 0, refused: () => undefined });

export interface PollOptions {
  /** Subject of the answer: while it stays the same, the last answer is kept when the path changes. */
  subject?: string;
  /** Asked anew at once when this changes. */
  news?: unknown;
}

/** The answer to `GET path`, asked anew `everyMs` after each. */
export function usePolled<T>(path: string, everyMs: number, { subject = path, news }: PollOptions = {}): Polled<T> {
  const { key, refused } = useContext(Access);
  const [state, setState] = useState<Polled<T> & { subject: string }>({ subject, body: undefined, error: undefined });
  const askNow = useRef<() => void>(() => undefined);
  useEffect(() => {
    const stop = new AbortController();
    let known: Answer<T> | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    let again = false;
    const once = async (): Promise<void> => {
      again = asking;
      if (document.hidden || asking) return;
      clearTimeout(timer);
      asking = true;
      try {
        const answer = await ask(path, stop.signal, known);
        if (answer !== known) setState({ subject, body: answer.body, error: undefined });
        else setState((last) => (last.error ? { ...last, error: undefined } : last));
        known = answer;
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof UnauthorizedError) {
          refused();
          return;
        }
        setState((last) => ({
          subject,
          body: last.subject === subject ? last.body : undefined,
          error: error as Error,
        }));
      } finally {
        asking = false;
      }
      timer = setTimeout(() => void once(), again ? 0 : everyMs);
    };
    askNow.current = () => void once();
    const onVisible = (): void => void once();
    document.addEventListener('visibilitychange', onVisible);
    void once();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, [path, subject, everyMs, key]);
  const lastNews = useRef(news);
  useEffect(() => {
    if (lastNews.current !== undefined && lastNews.current !== news) askNow.current();
    lastNews.current = news;
  }, [news]);
  return state.subject === subject ? state : { body: undefined, error: undefined };
}
