/** Bundles src into dist: one small entry that any Node can start, the MCP path, and chunks that load on first use. */
import { build } from 'esbuild';
import { chmod, copyFile, readFile, rm, writeFile } from 'node:fs/promises';

const { dependencies, optionalDependencies } = JSON.parse(await readFile('package.json', 'utf8'));

await rm('dist', { recursive: true, force: true });
const { metafile } = await build({
  // The two children run foreign code that may hang or crash, each in a process of its own.
  entryPoints: ['src/main.ts', 'src/providers/onepassword-child.ts', 'src/tunnels/ngrok-child.ts'],
  outdir: 'dist',
  entryNames: '[name]',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: Object.keys({ ...dependencies, ...optionalDependencies }),
  // Bundled CommonJS packages still call require() for Node's own modules.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  plugins: [leaveOut()],
  legalComments: 'none',
  metafile: true,
});
await chmod('dist/main.js', 0o755);
// Served to browsers as it is.
await copyFile('node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js', 'dist/webauthn.js');
await writeFile('dist/THIRD-PARTY-LICENSES.txt', await licences(metafile, ['@simplewebauthn/browser']));

/**
 * Leaves out what the server loads at its start and never uses: zod's messages in 50 languages, and the JSON Schema
 * compiler that the MCP SDK keeps for forms and output schemas, neither of which we send (it throws if that changes).
 * And the module `node:process`: importing it evaluates every getter of `process`, which takes 6 ms; the global is the same.
 */
function leaveOut() {
  const stubs = {
    locales: "export { default as en } from 'zod/v4/locales/en.js';",
    process: 'export default process;',
    validator:
      "export class AjvJsonSchemaValidator { getValidator() { throw new Error('no schema validator is bundled'); } }",
  };
  return {
    name: 'leave-out',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /locales\/index\.js$/ }, ({ importer }) =>
        importer.includes('/zod/v4/') ? { path: 'locales', namespace: 'stub' } : null,
      );
      onResolve({ filter: /^node:process$/ }, () => ({ path: 'process', namespace: 'stub' }));
      onResolve({ filter: /validation\/ajv-provider\.js$/ }, () => ({ path: 'validator', namespace: 'stub' }));
      onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({
        contents: stubs[path],
        resolveDir: import.meta.dirname,
      }));
    },
  };
}

/** The licence texts of every package whose code is inside the bundle or beside it. */
async function licences({ inputs }, copied) {
  const bundled = Object.keys(inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  const names = new Set([...bundled, ...copied]);
  const texts = [...names].sort().map(async (name) => {
    for (const file of ['LICENSE', 'LICENSE.md', 'license', 'LICENCE', 'LICENSE.txt']) {
      const text = await readFile(`node_modules/${name}/${file}`, 'utf8').catch(() => undefined);
      if (text !== undefined) return `${name}\n\n${text}`;
    }
    const { license } = JSON.parse(await readFile(`node_modules/${name}/package.json`, 'utf8'));
    return `${name}\n\nLicence: ${license}`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n`);
}
