// Builds the page into dist/dashboard: files that need nothing from elsewhere and hold under `default-src 'self'`, so nothing is
// inlined, neither as data: URL nor as script. Paths are relative, so that the page also works below a prefix.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path("."),
  base: "./",
  publicDir: false,
  logLevel: "warn",
  clearScreen: false,
  build: {
    outDir: path("../dist/dashboard"),
    emptyOutDir: true,
    assetsDir: "assets",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
});
