// Builds `plugin.js` as a component: build.mjs OUT. Run in the project's folder.

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PACKAGE = '@bytecodealliance/componentize-js';
const folder = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
  console.error('usage: node build.mjs OUT.wasm, in the folder of plugin.js');
  process.exit(2);
}

/** The folder of the package, in the project's node_modules or one above. */
function packageFolder() {
  for (const from of [process.cwd(), folder]) {
    for (const modules of createRequire(join(from, 'x.js')).resolve.paths(PACKAGE)) {
      if (existsSync(join(modules, PACKAGE))) return join(modules, PACKAGE);
    }
  }
  console.error(`${PACKAGE} is not installed: npm install ${PACKAGE}@0.23.0 @bytecodealliance/preview2-shim@0.17.4`);
  process.exit(1);
}

const { componentize } = await import(pathToFileURL(join(packageFolder(), 'src', 'componentize.js')));
try {
  const { component } = await componentize({
    sourcePath: resolve('plugin.js'),
    witPath: join(folder, 'wit', 'plugin.wit'),
    worldName: 'plugin',
    // What stays is standard output and error: console.log() and crashes.
    disableFeatures: ['random', 'clocks', 'http', 'fetch-event'],
  });
  await writeFile(out, component);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
