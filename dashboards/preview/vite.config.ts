import { defineConfig } from 'vite';

export default defineConfig({
  // Grafana's components are large, and many of their modules mark where they would run in a server.
  build: { target: 'esnext', chunkSizeWarningLimit: Infinity },
  logLevel: 'error',
});
