/**
 * A dashboard drawn by Grafana's own components, for pictures. Real are the components, and how fields get their
 * configuration; what stands in is Grafana around them: the grid, and the choice of component for a panel.
 */
import { createTheme } from '@grafana/data';
import { GlobalStyles, PortalContainer, ThemeContext } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { Grid } from './grid';
import type { Input } from './input';

const theme = createTheme({ colors: { mode: 'light' } });
const input = (await (await fetch('/input.json')).json()) as Input;
document.body.style.background = theme.colors.background.canvas;
createRoot(document.getElementById('root') as HTMLElement).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <Grid input={input} theme={theme} />
    <PortalContainer />
  </ThemeContext.Provider>,
);
