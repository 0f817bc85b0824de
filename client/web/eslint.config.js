/** Lint rules, among them which folder may import from which. */
import js from "@eslint/js";
import solid from "eslint-plugin-solid/configs/typescript";
import ts from "typescript-eslint";

const deny = (from, folders, why) => ({
  files: [`src/${from}/**/*.{ts,tsx}`],
  rules: {
    "no-restricted-imports": ["error", { patterns: [{ group: folders, message: why }] }],
  },
});

export default ts.config(
  { ignores: ["node_modules", "dist", "src/protocol/types.gen.ts", "src/rtc/*.worklet.js"] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    ...solid,
    rules: {
      ...solid.rules,
      "solid/no-innerhtml": ["error", { allowStatic: false }],
      // Ours that run a callback later, as an event handler would.
      "solid/reactivity": ["warn", { customReactiveFunctions: ["attempt", "run", "choose", "closed", "end"] }],
    },
  },
  {
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "no-restricted-globals": ["error", { name: "event", message: "take the event as an argument" }],
      // Records keyed by id are emptied by key, and indexed access is checked by the compiler already.
      "@typescript-eslint/no-dynamic-delete": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      // Our objects are closures: no method of ours reads `this`.
      "@typescript-eslint/unbound-method": "off",
      "max-lines-per-function": ["error", { max: 150, skipComments: true, skipBlankLines: true }],
    },
  },
  { files: ["src/**/*.test.{ts,tsx}", "eslint.config.js"], rules: { "max-lines-per-function": "off" } },
  { files: ["eslint.config.js"], ...ts.configs.disableTypeChecked },
  deny(
    "protocol",
    ["*/net/*", "*/rtc/*", "*/state/*", "*/client/*", "*/features/*", "*/ui/*"],
    "protocol is the ground floor",
  ),
  deny(
    "ui",
    ["*/protocol*", "*/net/*", "*/rtc/*", "*/state/*", "*/client/*", "*/features/*"],
    "ui knows nothing of chat",
  ),
  deny(
    "net",
    ["solid-js*", "*/rtc/*", "*/state/*", "*/client/*", "*/features/*", "*/ui/*"],
    "net knows neither Solid nor views",
  ),
  deny(
    "rtc",
    ["solid-js*", "*/net/*", "*/state/*", "*/client/*", "*/features/*", "*/ui/*"],
    "rtc knows neither Solid nor views",
  ),
  deny("state", ["*/net/*", "*/rtc/*", "*/client/*", "*/features/*", "*/ui/*"], "state knows only the protocol"),
  deny("client", ["*/features/*", "*/ui/*"], "client knows no views"),
);
