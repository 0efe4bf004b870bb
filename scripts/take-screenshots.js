// Takes pictures of the page: docs/images/dashboard.png for the README, or with a folder as argument every view in both
// themes and three widths. Starts the real balancer with servers and clients of its own on loopback; build first.
// `node scripts/take-screenshots.js [FOLDER]`. Needs chromium.
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../", import.meta.url));
const PICTURE = join(root, "docs/images/dashboard.png");
const MOST_BYTES = 300_000;
/** So long there is traffic before a picture is taken: the small charts want something to show. */
const WARM_UP_MS = 75_000;
const VIEWS = [
  "",
  "backends",
  "backends/game/fra-1",
  "backends/game/fra-3",
  "drops",
  "flows",
  "events",
  "config",
];
const SIZES = [
  [360, 800],
  [1440, 900],
  [3840, 2160],
];

/** Name, and how long an answer takes in milliseconds. */
const RESOLVERS = [
  ["ns1", 1],
  ["ns2", 2],
  ["ns3", 6],
];
const GAME_SERVERS = [
  ["fra-1", 3],
  ["fra-2", 4],
  ["fra-3", 9],
  ["fra-4", 3],
];

const folder = mkdtempSync(join(tmpdir(), "sluice-pictures-"));
const sockets = [];
let balancer;
try {
  await main(process.argv[2]);
} finally {
  for (const socket of sockets.splice(0)) socket.close();
  balancer?.kill();
  rmSync(folder, { recursive: true, force: true });
}

async function main(target) {
  const resolvers = await Promise.all(RESOLVERS.map(openServer));
  const games = await Promise.all(GAME_SERVERS.map(openServer));
  const { url, ports } = await startBalancer(resolvers, games);
  const stop = await startClients(ports);
  await delay(WARM_UP_MS * 0.6);
  await change(url, "game/fra-4", { admin: "draining" });
  sockets.splice(sockets.indexOf(games[1].socket), 1)[0].close();
  await delay(WARM_UP_MS * 0.4);
  const program = ["chromium", "google-chrome"]
    .map((name) => spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim())
    .find((path) => path !== "");
  const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
  try {
    if (target === undefined) await takePicture(browser, url);
    else await takeAll(browser, url, target);
  } finally {
    await browser.close();
    stop();
  }
}

async function takePicture(browser, url) {
  mkdirSync(join(PICTURE, ".."), { recursive: true });
  await shoot(browser, { url, size: [1280, 960], theme: "light", path: PICTURE });
  const { size } = statSync(PICTURE);
  console.log(`${PICTURE}: ${size} bytes`);
  if (size > MOST_BYTES) throw new Error(`the picture has ${size} bytes, more than ${MOST_BYTES}`);
}

async function takeAll(browser, url, target) {
  mkdirSync(target, { recursive: true });
  for (const view of VIEWS) {
    for (const theme of ["light", "dark"]) {
      for (const size of SIZES) {
        const name = `${view.replaceAll("/", "-") || "overview"}-${theme}-${size[0]}.png`;
        await shoot(browser, {
          url: `${url}#/${view}`,
          size,
          theme,
          path: join(target, name),
          fullPage: true,
        });
      }
    }
  }
}

async function shoot(browser, { url, size: [width, height], theme, path, fullPage = false }) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme });
  await page.goto(url);
  await delay(3000);
  await page.screenshot({ path, fullPage });
  await page.close();
}

/** A server that answers each datagram with a little more than it got. */
async function openServer([name, answerMs]) {
  const socket = createSocket("udp4");
  sockets.push(socket);
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.on("error", () => {});
  socket.on("message", (message, { port, address }) => {
    const answer = () => sockets.includes(socket) && socket.send([message, message], port, address);
    setTimeout(answer, answerMs * (0.6 + Math.random() + 4 * Math.random() ** 20));
  });
  return { name, socket, address: `127.0.0.1:${socket.address().port}` };
}

async function startBalancer(resolvers, games) {
  const entry = ({ name, address }) => ({ name, address });
  const config = {
    listeners: [
      { name: "dns", address: "127.0.0.1:0", pool: "resolvers", session: { requests: 1, responses: 1 } },
      { name: "game", address: "127.0.0.1:0", pool: "game", guard: { perClient: { datagrams: "780/s" } } },
    ],
    pools: [
      { name: "resolvers", policy: "least-outstanding", backends: resolvers.map(entry) },
      {
        ...{ name: "game", policy: "least-flows", affinity: "client", backends: games.map(entry) },
        health: { probe: { type: "udp", send: "ping", expect: "any" }, interval: "1s" },
      },
    ],
    admin: { listen: "127.0.0.1:0" },
  };
  const file = join(folder, "sluice.json");
  writeFileSync(file, JSON.stringify(config));
  const args = [join(root, "bin/sluice.js"), "run", "--log-format", "json", file];
  balancer = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let ports = [];
  for await (const line of createInterface({ input: balancer.stderr })) {
    const { msg, listeners, admin } = JSON.parse(line);
    if (msg === "ready") ports = listeners.map(({ address }) => Number(address.split(":").at(-1)));
    if (msg === "admin API open") {
      balancer.stderr.resume();
      return { url: `http://${admin[0]}/`, ports };
    }
  }
  throw new Error("sluice ended before it was ready");
}

/** One client that asks names, each once, and players who send all the time. Their number goes up and down. */
async function startClients([dns, game]) {
  const players = await Promise.all(Array.from({ length: 40 }, openClient));
  const asker = await openClient();
  let tick = 0;
  const timer = setInterval(() => {
    tick++;
    const wave = 0.75 + 0.25 * Math.sin(tick / 400);
    for (let asked = 0; asked < Math.round(10 * wave); asked++)
      asker.send("a name, please", dns, "127.0.0.1");
    for (const player of players.slice(0, Math.round(40 * wave))) {
      if (Math.random() < 0.4) player.send("forward, left, jump", game, "127.0.0.1");
    }
  }, 20);
  return () => clearInterval(timer);
}

async function openClient() {
  const socket = createSocket("udp4");
  sockets.push(socket);
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

async function change(url, backend, body) {
  const headers = { "content-type": "application/json" };
  await fetch(`${url}api/v1/backends/${backend}`, { method: "PATCH", headers, body: JSON.stringify(body) });
}
