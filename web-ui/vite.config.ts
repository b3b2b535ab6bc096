import { defineConfig } from "vitest/config";

// APPLIANCE: where `npm run dev` finds a server, for work on the pages: the URL that `appliance dev fixture` prints.
const server = process.env.APPLIANCE ?? "https://127.0.0.1:6443";
const proxied = { target: server, secure: false, ws: true, headers: { Origin: server }, changeOrigin: true };

// What every page needs is one file: the first screen takes few requests, and no page waits for a chain of chunks.
const FRAME =
  /\/src\/(main|app|router|api\/|live\/|frame\/|styles\/|pages\/(pages|overview)\b)|\/node_modules\/(preact|@preact)\//;
const LAZY = /\/ui\/(graph_plot|diff|editor|terminal)/;

function chunk_of(id: string): string | undefined {
  if (LAZY.test(id)) return undefined;
  if (FRAME.test(id) || /\/src\/ui\//.test(id)) return "index";
  if (/\/node_modules\/@xterm\//.test(id)) return "terminal";
  if (/\/node_modules\/(@codemirror|@lezer|style-mod|crelt|w3c-keyname|@marijn)\//.test(id)) return "editor";
  return undefined;
}

export default defineConfig({
  base: "/ui/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    reportCompressedSize: false,
    rollupOptions: { output: { manualChunks: chunk_of } },
  },
  test: { css: true }, // contrast.test.ts reads tokens.css
  server: { proxy: { "/api": proxied, "/apis": proxied, "/ui/v1": proxied, "/version": proxied } },
});
