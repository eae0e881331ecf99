#!/usr/bin/env node
// On SIGUSR1 Node opens a debugger, which reads and changes everything, unless someone listens for the signal. So this is first.
process.on('SIGUSR1', () => undefined);

// Starts under any Node: nothing else is loaded before the version is known to be new enough.
// What counts is Node-API 10, without which better-sqlite3 crashes: 22.14 and 23.6 were the first to have it.
const version = process.versions.node.split('.').map(Number);

if ((version[0] ?? 0) < 22 || Number(process.versions.napi ?? 0) < 10) {
  process.stderr.write(
    `agent-vault: error: needs Node 22.14 or newer; this is Node ${process.versions.node}\n` +
      'agent-vault: hint: without changing your Node: npx -y -p node@24 -p agent-vault agent-vault\n',
  );
  process.exitCode = 1;
} else {
  void start();
}

async function start(): Promise<void> {
  const { harden } = await import('./platform/hardening.ts');
  harden();
  const { useCompileCache } = await import('./platform/compile-cache.ts');
  useCompileCache();
  const { run } = await import('./cli/run.ts');
  await run(process.argv.slice(2));
}

export {};
