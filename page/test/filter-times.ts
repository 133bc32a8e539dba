/** Runs in the browser: milliseconds from each key in the filter to the frame that shows what it leaves. */
export async function filterTimes(): Promise<number[]> {
  const input = document.querySelector<HTMLInputElement>('input[type=search]');
  if (!input) return [];
  const painted = (): Promise<void> =>
    new Promise((resolve) => {
      requestAnimationFrame(() => {
        setTimeout(resolve);
      });
    });
  const times: number[] = [];
  for (const text of ['1', '19', '199', '1999', '199', '19', '1', '', 'v', 'vm', 'vm-', 'vm-7', 'vm-77', '']) {
    await painted();
    const began = performance.now();
    input.value = text;
    input.dispatchEvent(new InputEvent('input', { bubbles: true }));
    await painted();
    times.push(performance.now() - began);
  }
  return times;
}
