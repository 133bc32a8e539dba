/** All alerts, those that fire first. */
import type { Alert } from '../api/answers.js';
import type { Polled } from '../api/poll.js';
import { AlertCard } from '../parts/alert-card.js';
import { Problem } from '../parts/problem.js';

export function AlertList({ alerts }: { alerts: Polled<Alert[]> }) {
  const all = alerts.body ?? [];
  const firing = all.filter(({ state }) => state === 'firing');
  const resolved = all.filter(({ state }) => state === 'resolved');
  return (
    <>
      <h1>Alerts</h1>
      <Problem of={alerts} />
      {alerts.body?.length === 0 && (
        <p class="empty">There was no alert yet. One appears here at the moment that it fires, without a reload.</p>
      )}
      {all.length > 0 && (
        <>
          <Section title="Firing" alerts={firing} none="No alert fires." />
          <Section title="Resolved" alerts={resolved} none="None was resolved." />
        </>
      )}
    </>
  );
}

function Section({ title, alerts, none }: { title: string; alerts: readonly Alert[]; none: string }) {
  return (
    <section aria-label={title}>
      <h2>
        {title} <span class="quiet">{alerts.length > 0 && alerts.length}</span>
      </h2>
      {alerts.length === 0 && <p class="empty">{none}</p>}
      {alerts.map((alert) => (
        <AlertCard key={alert.alertId} alert={alert} subject />
      ))}
    </section>
  );
}
