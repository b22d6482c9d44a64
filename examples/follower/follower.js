// Follows what happens in Apprentice, read-only, from any position of its log; it knows the bus and JSON, nothing else.
//
//   node follower.js             every shared event behind the position in the file POSITION_FILE, then live ones
//   node follower.js --versions  which version of each model answers now, then every change
//   node follower.js --until N   ends when it has seen position N (for tests and batch jobs)
//
// Settings, as `apprentice module follower` shows them: NATS_URL, NATS_USER, NATS_PASSWORD, NATS_INBOX_PREFIX.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { connect } from "@nats-io/transport-node";
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";

const ME = process.env.NATS_USER ?? "follower";
const PLACE = process.env.POSITION_FILE ?? "position";
const { values: options } = parseArgs({
  options: { versions: { type: "boolean" }, until: { type: "string" } },
});

const nc = await connect({
  servers: process.env.NATS_URL,
  user: ME,
  pass: process.env.NATS_PASSWORD,
  inboxPrefix: process.env.NATS_INBOX_PREFIX,
  maxReconnectAttempts: -1,
});

async function ask(name, data) {
  const reply = await nc.request(`qry.${ME}.${name}`, JSON.stringify({ actor: `module:${ME}`, data }), { timeout: 10_000 });
  const answer = reply.json();
  if (answer.refused) throw new Error(answer.refused.message);
  return answer.data;
}

// A consumer of our own, by a filter within ev.shared: its random name is the right to read from it.
async function* follow(filter, start) {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  const consumer = await manager.consumers.add("EV", {
    name: randomBytes(12).toString("hex"),
    ack_policy: AckPolicy.None,
    filter_subject: filter,
    inactive_threshold: 300_000_000_000,
    ...start,
  });
  const messages = await jetstream(nc, { checkAPI: false }).consumers.getConsumerFromInfo(consumer).consume();
  for await (const message of messages) {
    yield { event: message.json(), position: Number(message.headers.get("Event-Position")) };
  }
}

const known = () => (existsSync(PLACE) ? Number(readFileSync(PLACE, "utf8")) : 0);

function keep(position) {
  writeFileSync(`${PLACE}.new`, String(position));
  renameSync(`${PLACE}.new`, PLACE); // whole or not at all
}

async function followEvents() {
  const { start } = await ask("sequence", { position: known() });
  const from = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start };
  for await (const { event, position } of follow("ev.shared.>", from)) {
    if (position <= known()) continue; // EV lost its end once and got it again: seen before
    console.log(`${position} ${event.type} ${event.subject} by ${event.actor}`);
    keep(position);
    if (position >= until) break;
  }
}

async function followVersions() {
  const latest = { deliver_policy: DeliverPolicy.LastPerSubject };
  for await (const { event, position } of follow("ev.shared.model.*.ActiveVersionChanged", latest)) {
    const { new: version } = event.data;
    console.log(version ? `${event.subject}: version ${version.version} answers` : `${event.subject}: no version answers`);
    if (position >= until) break;
  }
}

const until = options.until === undefined ? Infinity : Number(options.until);
await (options.versions ? followVersions() : followEvents());
await nc.close();
