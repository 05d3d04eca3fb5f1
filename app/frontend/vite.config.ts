import { defineConfig } from 'vite';

const ELEMENT = 'pilothouse-viewer';

export default defineConfig({
  // Relative, so that the pages work under whatever path the server is mounted at.
  base: './',
  build: {
    outDir: '../pilothouse_app/static',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      input: {
        index: 'index.html',
        harbour: 'harbour.html',
        [ELEMENT]: `src/${ELEMENT}.ts`,
      },
      preserveEntrySignatures: 'exports-only',
      output: {
        // Embedders name this one file in their pages; all others carry their hash.
        entryFileNames: (chunk) => (chunk.name === ELEMENT ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
});
