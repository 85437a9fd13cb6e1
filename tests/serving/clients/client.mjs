// Puts the requests of a script (tests/serving/clients/script.py) with Node's fetch.

import { readFileSync } from "node:fs";

const [base, script] = process.argv.slice(2);
for (const line of readFileSync(script, "utf8").trim().split("\n")) {
  const [name, method, path, headers, body] = line.split("\t");
  const answer = await fetch(base + path, {
    method,
    headers: headers.split("|").filter(Boolean).map((header) => header.split(": ", 2)),
    body: body ? Buffer.from(body, "base64") : undefined,
  });
  const said = Buffer.from(await answer.arrayBuffer()).toString("base64");
  console.log(`${name}\t${answer.status}\t${said}`);
}
