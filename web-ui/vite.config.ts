import { defineConfig } from "vite";

// APPLIANCE: where `npm run dev` finds a server, for work on the pages: the URL that `appliance dev fixture` prints.
const server = process.env.APPLIANCE ?? "https://127.0.0.1:6443";
const proxied = { target: server, secure: false, ws: true, headers: { Origin: server }, changeOrigin: true };

export default defineConfig({
  base: "/ui/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": proxied, "/apis": proxied, "/ui/v1": proxied, "/version": proxied } },
});
