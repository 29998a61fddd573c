// Bundles the extension into dist/extension.js, and with --tests also the suites in test/ into dist/test.
import { readdirSync } from "node:fs";
import * as esbuild from "esbuild";

const shared = {
  bundle: true,
  platform: "node",
  target: "node22",
  format: "cjs",
  external: ["vscode"],
  logLevel: "warning",
};
const options = [
  {
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    minify: !process.argv.includes("--tests"),
    sourcemap: process.argv.includes("--tests") && "inline",
  },
];
if (process.argv.includes("--tests")) {
  const suites = readdirSync("test").filter((name) => name.endsWith(".ts"));
  options.push({
    ...shared,
    entryPoints: suites.map((name) => `test/${name}`),
    outdir: "dist/test",
    external: ["vscode", "mocha"],
    sourcemap: "inline",
  });
}
if (process.argv.includes("--watch")) {
  await Promise.all(options.map(async (each) => (await esbuild.context(each)).watch()));
} else {
  await Promise.all(options.map((each) => esbuild.build(each)));
}
