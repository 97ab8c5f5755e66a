"use strict";
// Replicate once with PouchDB on LevelDB, and say how long it took.
//   node replicate.js from|to REMOTE LOCAL    REMOTE: a database's URL; LOCAL: a folder to keep it in

const PouchDB = require("pouchdb");

const [direction, remote, local] = process.argv.slice(2);
const BATCH = 500;

async function replicate() {
  const here = new PouchDB(local);
  const there = new PouchDB(remote);
  await Promise.all([here.info(), there.info()]); // both are open, and their connections are
  const used = process.cpuUsage();
  const began = process.hrtime.bigint();
  const options = { batch_size: BATCH };
  const result =
    direction === "from"
      ? await here.replicate.from(there, options)
      : await here.replicate.to(there, options);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const { user, system } = process.cpuUsage(used);
  await here.close();
  return {
    seconds,
    processor: (user + system) / 1e6,
    written: result.docs_written,
    failed: result.doc_write_failures,
  };
}

replicate().then(
  (said) => console.log(JSON.stringify(said)),
  (why) => {
    console.error(why);
    process.exitCode = 1;
  },
);
