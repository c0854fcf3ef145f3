/**
 * Bundles for those who want one file, their hashes for `integrity` attributes, and the check of their sizes.
 * `node web/build.mjs [--check | FOLDER]`; the folder is `web/dist` unless said otherwise.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const HERE = import.meta.dirname;
const BUNDLES = [
  { entry: "client/index.js", out: "ringline-client.mjs", format: "esm", limit: 10 * 1024 },
  { entry: "panel/bundle.js", out: "ringline-panel.mjs", format: "esm", limit: 22 * 1024 },
  { entry: "panel/bundle.js", out: "ringline.iife.js", format: "iife", limit: 22 * 1024 },
  { entry: "panel/extras.js", out: "ringline-extras.mjs", format: "esm", limit: 7 * 1024 },
  { entry: "panel/extras.js", out: "ringline-extras.iife.js", format: "iife", global: "RinglineExtras", limit: 7 * 1024 },
  { entry: "panel/texts/de.js", out: "ringline-de.mjs", format: "esm", limit: 3 * 1024 },
];

/** One naming for the panel's sheet and for those that a page adds to it. */
const names = new Map();

/** A sheet's own properties by short names; `--rl-*` are the app's to set. @param {string} css */
function renamed(css) {
  return css.replace(/--(?!rl-)[a-z-]+/g, (name) => {
    if (!names.has(name)) names.set(name, `--${names.size.toString(36)}`);
    return names.get(name);
  });
}
renamed(readFileSync(`${HERE}/panel/style.js`, "utf8"));

/** To esbuild a constructable sheet is text: it is made small like the rest. */
const sheets = {
  name: "sheets",
  setup({ onLoad }) {
    onLoad({ filter: /panel\/(attention|directory|missed)\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/var\(--[a-z-]+/g, renamed),
    }));
    onLoad({ filter: /style\.js$/ }, async ({ path }) => {
      const source = readFileSync(path, "utf8");
      const [quoted, sheet] = source.match(/`\n([^`]*)`/) ?? [];
      const { code } = await transform(sheet, { loader: "css", minify: true });
      return { contents: source.replace(quoted, () => JSON.stringify(renamed(code))) };
    });
  },
};

const COMMON = { bundle: true, minify: true, write: false, target: "es2022", plugins: [sheets] };

/** A classic script sets its global itself: esbuild's own way to do so costs 300 bytes. @param {string} entry @param {string} name */
async function script(entry, name) {
  const { metafile } = await build({ ...COMMON, entryPoints: [`${HERE}/${entry}`], format: "esm", metafile: true });
  const names = Object.values(metafile.outputs)[0].exports.join(", ");
  const contents = `import { ${names} } from "./${entry}"; globalThis.${name} = { ${names} };`;
  return build({ ...COMMON, stdin: { contents, resolveDir: HERE }, format: "iife" });
}

async function bundle({ entry, out, format, global = "Ringline", limit }) {
  const made = format === "iife" ? script(entry, global) : build({ ...COMMON, entryPoints: [`${HERE}/${entry}`], format });
  const [{ contents }] = (await made).outputFiles;
  const gzipped = gzipSync(contents, { level: 9 }).length;
  console.log(`${out}: ${contents.length} bytes, ${gzipped} gzipped, limit ${limit}`);
  return { out, contents, isFine: gzipped <= limit };
}

/** @param {Uint8Array} contents @returns {string} as an `integrity` attribute has it */
function hashOf(contents) {
  return `sha384-${createHash("sha384").update(contents).digest("base64")}`;
}

const bundles = await Promise.all(BUNDLES.map(bundle));
const [, , folder = `${HERE}/dist`] = process.argv;
if (folder !== "--check") {
  mkdirSync(folder, { recursive: true });
  for (const { out, contents } of bundles) writeFileSync(`${folder}/${out}`, contents);
  const hashes = Object.fromEntries(bundles.map(({ out, contents }) => [out, hashOf(contents)]));
  writeFileSync(`${folder}/integrity.json`, `${JSON.stringify(hashes, null, 2)}\n`);
}
process.exitCode = bundles.every(({ isFine }) => isFine) ? 0 : 1;
