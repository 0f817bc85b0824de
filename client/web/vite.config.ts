/** Build into the server's package; serve with a proxy to a running server while developing. */
import solid from "vite-plugin-solid";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running server. */
const SERVER = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [solid()],
  build: {
    outDir: "../../src/voicechat/webclient",
    emptyOutDir: true,
    target: "es2022",
    // The server's policy refuses data: addresses, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": SERVER,
      "/auth": SERVER,
      "/health": SERVER,
      "/ws": { target: SERVER, ws: true },
    },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test/setup.ts"],
  },
});
