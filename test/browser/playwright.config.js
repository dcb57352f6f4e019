// Debian's Chromium, headless: against the tenants that browser_test.go starts
// (make test), or against the running demo (make test-e2e).
import { defineConfig } from '@playwright/test';
import { world } from './lib/world.js';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'results',
  workers: 1, // one small machine: people do not queue for the same processor
  retries: 0, // flaky is broken
  timeout: 180_000, // a whole walk, on a machine with other work; expect has its own
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    screenshot: 'only-on-failure',
    ignoreHTTPSErrors: true, // the demo's certificates come from its own authority
    launchOptions: {
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: [
        '--no-sandbox', // CI is root
        // Pages are painted without OpenGL: its emulation was seen to wait for itself for good.
        '--disable-gpu',
        '--disable-software-rasterizer',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // The names are those of the demo, and so are the origins that pages and passkeys see.
        ...(world.port ? [`--host-resolver-rules=MAP *.localhost 127.0.0.1:${world.port}`] : []),
      ],
    },
  },
});
