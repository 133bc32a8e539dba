/** The frame of all views: where one is, new alerts, and the token where the collector wants one. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useAlerts } from './api/alerts.js';
import type { Alert } from './api/answers.js';
import { Access } from './api/poll.js';
import type { Polled } from './api/poll.js';
import { TokenForm } from './parts/token-form.js';
import { subjectHref, useRoute } from './route.js';
import type { Route } from './route.js';
import { AlertList } from './views/alerts.js';
import { Fleet } from './views/fleet.js';
import { HostView } from './views/host.js';
import { VmView } from './views/vm.js';
import { alertWords } from './words.js';

export function App() {
  const [key, setKey] = useState(0);
  const [locked, setLocked] = useState(false);
  const refused = (): void => {
    setLocked(true);
  };
  if (locked) {
    return (
      <main id="content">
        <TokenForm
          onGiven={() => {
            setKey(key + 1);
            setLocked(false);
          }}
        />
      </main>
    );
  }
  return (
    <Access.Provider value={{ key, refused }}>
      <Frame />
    </Access.Provider>
  );
}

function Frame() {
  const route = useRoute();
  const alerts = useAlerts();
  const firing = alerts.body?.filter(({ state }) => state === 'firing').length ?? 0;
  const main = useRef<HTMLElement>(null);
  const place = `${route.view} ${route.id}`;
  const first = useRef(place);
  useEffect(() => {
    document.title = titleOf(route);
    // A new view is read from its beginning, as a new page would be.
    if (first.current === place) return;
    first.current = '';
    scrollTo(0, 0);
    main.current?.focus();
  }, [place]);
  return (
    <>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          tcewatch
        </a>
        <nav aria-label="Views">
          <a href="#/" {...current(route.view === 'fleet')}>
            Fleet
          </a>
          <a href="#/alerts" {...current(route.view === 'alerts')}>
            Alerts {firing > 0 && <span class="badge">{firing} firing</span>}
          </a>
        </nav>
      </header>
      <main id="content" ref={main} tabIndex={-1}>
        <NewAlerts alerts={alerts.body} />
        <View route={route} alerts={alerts} />
      </main>
    </>
  );
}

function View({ route, alerts }: { route: Route; alerts: Polled<Alert[]> }) {
  switch (route.view) {
    case 'fleet':
      return <Fleet route={route} newest={alerts.body} />;
    case 'vm':
      return <VmView key={route.id} route={route} newest={alerts.body} />;
    case 'host':
      return <HostView key={route.id} id={route.id} newest={alerts.body} />;
    case 'alerts':
      return <AlertList alerts={alerts} />;
    case 'unknown':
      return (
        <>
          <h1>No such view</h1>
          <p>
            There is nothing at this address. <a href="#/">See the fleet.</a>
          </p>
        </>
      );
  }
}

/** Tells of alerts that began while somebody looks; a screen reader says them. */
function NewAlerts({ alerts }: { alerts: readonly Alert[] | undefined }) {
  const known = useRef<Set<string>>(undefined);
  const [news, setNews] = useState<Alert[]>([]);
  useEffect(() => {
    if (!alerts) return;
    const firing = alerts.filter(({ state }) => state === 'firing');
    const before = known.current;
    const fresh = before ? firing.filter(({ alertId }) => !before.has(alertId)) : [];
    known.current = new Set([...(before ?? []), ...firing.map(({ alertId }) => alertId)]);
    // What a notice says is as new as the alert itself: its cause may become known later.
    setNews((last) => {
      const ids = new Set([...fresh, ...last].map(({ alertId }) => alertId));
      return firing.filter(({ alertId }) => ids.has(alertId));
    });
  }, [alerts]);
  return (
    <div class="news" role="status" aria-live="polite" aria-label="New alerts">
      {news.slice(0, 3).map((alert) => (
        <p key={alert.alertId}>
          <strong>
            {alertWords(alert.alert)}: {alert.vm?.name ?? alert.host.name}.
          </strong>{' '}
          {alert.cause.summary} <a href={subjectHref(alert)}>Look at it</a>
        </p>
      ))}
      {news.length > 3 && (
        <p>
          <a href="#/alerts">{news.length - 3} more</a>
        </p>
      )}
    </div>
  );
}

function current(is: boolean): { 'aria-current'?: 'page' } {
  return is ? { 'aria-current': 'page' } : {};
}

function titleOf({ view, id }: Route): string {
  const names = { fleet: 'Fleet', alerts: 'Alerts', vm: 'VM', host: `Host ${id}`, unknown: 'No such view' };
  return `${names[view]} · tcewatch`;
}
